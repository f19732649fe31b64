-- What 0.6.0 had and 0.7.0 does not; comes last, when nothing builds on it any more.

-- the age that a price may have is an argument now
DROP FUNCTION ca_price_at(integer, timestamptz);
-- replays and rebuilds of positions go on from what is counted
DROP FUNCTION ca_rebuild_position(integer, boolean, bigint, boolean);
DROP FUNCTION ca_position_derived(portfolio, boolean);
DROP FUNCTION ca_position_replay(integer, boolean);
