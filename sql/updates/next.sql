-- What the upgrade does that a replay of the parts does not: changes of tables, types, indexes,
-- policies and signatures before the replay, and after it the end of what is no longer needed.
-- from 0.7.0

-- replay
