-- What 0.5.0 had and 0.6.0 does not; comes last, when nothing builds on it any more.

-- functions of a row of a table, to which PostgreSQL would then add no column with a default
DROP FUNCTION ca_account_stands(users, timestamptz);
DROP FUNCTION ca_signal_touch(trading_signals, timestamptz);
