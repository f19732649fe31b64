all
# tables have long lines
exclude_rule 'MD013'
# fenced blocks of SQL are run by scripts/readme-test, indented ones are not
exclude_rule 'MD046'
# formulas multiply
exclude_rule 'MD037'
rule 'MD024', :allow_different_nesting => true
rule 'MD029', :style => :ordered
