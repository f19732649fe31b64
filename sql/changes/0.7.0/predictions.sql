-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: predictions.

-- it has one more argument, rescore
DROP FUNCTION score_predictions(timestamptz, interval, integer);
