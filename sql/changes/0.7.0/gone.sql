-- What 0.6.0 had and 0.7.0 does not; comes last, when nothing builds on it any more.

-- the age that a price may have is an argument now
DROP FUNCTION ca_price_at(integer, timestamptz);
