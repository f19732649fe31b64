-- What the upgrade does that a replay of the parts does not: changes of tables, types, indexes,
-- policies and signatures before the replay, and after it the end of what is no longer needed.
-- What users call or read is created with its schema, @extschema@, as in the parts.
-- from 0.8.0

-- replay
