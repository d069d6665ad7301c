-- Makes what the application has deferred to the end of the transaction happen now. Locks nothing.
SET CONSTRAINTS ALL IMMEDIATE
