"""The demo's data: a real catalogue of models, and the access that a written rule gives them."""
