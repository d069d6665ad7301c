"""What makes the documentation: generated parts of pages, diagrams, and the site."""
