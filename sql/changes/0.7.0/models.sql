-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: models.

-- the range that was evaluated belongs to the key; what was unique without it is unique with it
ALTER TABLE model_performance DROP CONSTRAINT model_performance_evaluation_key;
CREATE UNIQUE INDEX model_performance_evaluation_key ON model_performance
    (model_id, evaluation_metric, evaluation_date,
     (coalesce(evaluation_data_range ->> 'since', '')), (coalesce(evaluation_data_range ->> 'until', '')));
