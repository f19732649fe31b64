-- What 0.2.0 had and 0.3.0 has not.

DROP FUNCTION ca_write_indicators(bigint[], jsonb[]);
