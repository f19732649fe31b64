#!/usr/bin/python3
"""Checks the parts of the install script with PostgreSQL's own parser.

usage: scripts/lint/sql.py PART...

The catalog cannot tell whether something was written or is a default, nor
whether a part survives the replay of scripts/join-sql.  This can:

- functions, procedures and aggregates state their parallel safety, and
  functions their volatility; SQL functions use BEGIN ATOMIC, PL/pgSQL
  functions set search_path, as does whatever is SECURITY DEFINER
- nothing says OR REPLACE, IF NOT EXISTS or CASCADE
- constraints of tables have names
- each object has a COMMENT after it, in the same file
- join-sql knows what to do with each statement: it leaves it out, replaces
  it, or may run it again, and finds its first and last line
"""

import re
import sys

import pglast
from pglast import ast, enums

FIRST, LAST = 'pg_catalog', 'pg_temp'

# What a replay leaves out, as scripts/join-sql recognizes it.
LEFT_OUT = re.compile(
    r'CREATE (UNIQUE INDEX|INDEX|TABLE|TYPE|SERVER|FOREIGN|POLICY|EVENT TRIGGER|SCHEMA) '
    r'|ALTER TABLE ')
REPLACED = re.compile(r'CREATE (FUNCTION|PROCEDURE|AGGREGATE|VIEW|TRIGGER) ')
REPEATED = (ast.CommentStmt, ast.GrantStmt, ast.AlterFunctionStmt,
            ast.AlterEventTrigStmt, ast.VariableSetStmt, ast.DoStmt)
NAMED = (enums.ConstrType.CONSTR_CHECK, enums.ConstrType.CONSTR_PRIMARY,
         enums.ConstrType.CONSTR_UNIQUE, enums.ConstrType.CONSTR_EXCLUSION,
         enums.ConstrType.CONSTR_FOREIGN)


def name_of(names):
    """The last part of a qualified name."""
    return names[-1].sval


def returns_trigger(node):
    return node.returnType is not None and \
        name_of(node.returnType.names) in ('trigger', 'event_trigger')


class Part:
    def __init__(self, path):
        self.path = path
        with open(path, encoding='utf-8') as file:
            self.text = file.read().replace('@extschema@', 'extension_schema')
        self.complaints = []
        self.commented = []

    def complain(self, at, what):
        line = self.text.count('\n', 0, at) + 1
        self.complaints.append(f'{self.path}:{line}: {what}')

    def statements(self):
        for statement in pglast.parse_sql(self.text):
            at = statement.stmt_location
            text = self.text[at:at + statement.stmt_len] if statement.stmt_len else self.text[at:]
            # the parser counts the comments before a statement as its own
            skipped = re.match(r'(\s|--[^\n]*\n)*', text).end()
            yield statement.stmt, at + skipped, text[skipped:]

    def check(self):
        made = []
        for node, at, text in self.statements():
            self.check_replay(node, at, text)
            if isinstance(node, ast.CreateFunctionStmt):
                self.check_function(node, at)
            elif isinstance(node, ast.DefineStmt):
                self.check_aggregate(node, at)
            elif isinstance(node, ast.CreateStmt):
                self.check_table(node, at)
            if getattr(node, 'replace', False) or getattr(node, 'if_not_exists', False):
                self.complain(at, 'says OR REPLACE or IF NOT EXISTS')
            if re.search(r'\bCASCADE$', text) and not isinstance(node, ast.CreateStmt):
                self.complain(at, 'says CASCADE')
            if isinstance(node, ast.CommentStmt):
                self.commented.append(target(node))
            else:
                made.extend((object_, at) for object_ in created(node))
        for object_, at in made:
            if object_ not in self.commented:
                self.complain(at, f'{object_[0]} {object_[1]} has no COMMENT in this file')
            else:
                self.commented.remove(object_)
        return self.complaints

    def check_replay(self, node, at, text):
        """Does scripts/join-sql know the statement?"""
        if self.text[at - 1:at] not in ('', '\n'):
            self.complain(at, 'does not begin at the start of a line')
        if LEFT_OUT.match(text):
            if ';\n' in text:
                self.complain(at, 'a line that ends with a semicolon is not its last')
            if not self.text.startswith(';\n', at + len(text)):
                self.complain(at, 'does not end with its line')
        elif isinstance(node, ast.SelectStmt):
            if not text.startswith('SELECT pg_catalog.pg_extension_config_dump('):
                self.complain(at, 'runs again in a replay')
        elif not REPLACED.match(text) and not isinstance(node, REPEATED):
            self.complain(at, 'scripts/join-sql cannot replay it')

    def check_function(self, node, at):
        name = name_of(node.funcname)
        options = {}
        settings = {}
        for option in node.options or ():
            if option.defname == 'set':
                settings[option.arg.name] = [argument.val for argument in option.arg.args or ()]
            else:
                options[option.defname] = option.arg
        language = options['language'].sval
        # a procedure has neither, and nobody asks a trigger whether it is parallel safe
        if not node.is_procedure and 'volatility' not in options:
            self.complain(at, f'{name} does not state its volatility')
        if not node.is_procedure and 'parallel' not in options and not returns_trigger(node):
            self.complain(at, f'{name} does not state its parallel safety')
        if language == 'sql' and node.sql_body is None:
            self.complain(at, f'{name} has a body in a string, not BEGIN ATOMIC')
        path = settings.get('search_path')
        definer = 'security' in options and options['security'].boolval
        if path is None:
            if definer or (language == 'plpgsql' and not node.is_procedure):
                self.complain(at, f'{name} does not set search_path')
        elif (path[0].sval, path[-1].sval) != (FIRST, LAST):
            self.complain(at, f'the search_path of {name} does not begin with {FIRST} and end with {LAST}')

    def check_aggregate(self, node, at):
        if node.kind != enums.ObjectType.OBJECT_AGGREGATE:
            return
        options = {option.defname for option in node.definition}
        if 'parallel' not in options:
            self.complain(at, f'{name_of(node.defnames)} does not state its parallel safety')

    def check_table(self, node, at):
        constraints = []
        for element in node.tableElts or ():
            if isinstance(element, ast.Constraint):
                constraints.append(element)
            elif isinstance(element, ast.ColumnDef):
                constraints.extend(element.constraints or ())
        for constraint in constraints:
            if constraint.contype in NAMED and constraint.conname is None:
                self.complain(at, f'a constraint of {node.relation.relname} has no name')


def created(node):
    """What a statement creates that needs a COMMENT: (kind, name)."""
    if isinstance(node, ast.CreateFunctionStmt):
        yield ('routine', name_of(node.funcname))
    elif isinstance(node, ast.DefineStmt):
        kind = 'routine' if node.kind == enums.ObjectType.OBJECT_AGGREGATE else 'type'
        # CREATE TYPE name; only announces a type
        if kind == 'routine' or node.definition:
            yield (kind, name_of(node.defnames))
    elif isinstance(node, ast.CompositeTypeStmt):
        yield ('type', node.typevar.relname)
    elif isinstance(node, ast.CreateForeignTableStmt):
        yield from table(node.base)
    elif isinstance(node, ast.CreateStmt):
        yield from table(node)
    elif isinstance(node, ast.ViewStmt):
        yield ('relation', node.view.relname)
    elif isinstance(node, ast.IndexStmt):
        yield ('relation', node.idxname)
    elif isinstance(node, ast.CreateTrigStmt):
        yield ('trigger', f'{node.relation.relname}.{node.trigname}')
    elif isinstance(node, ast.CreatePolicyStmt):
        yield ('policy', f'{node.table.relname}.{node.policy_name}')
    elif isinstance(node, ast.CreateSchemaStmt):
        yield ('schema', node.schemaname)


def table(node):
    yield ('relation', node.relation.relname)
    for element in node.tableElts or ():
        if isinstance(element, ast.ColumnDef):
            yield ('column', f'{node.relation.relname}.{element.colname}')


KINDS = {
    enums.ObjectType.OBJECT_COLUMN: 'column',
    enums.ObjectType.OBJECT_POLICY: 'policy',
    enums.ObjectType.OBJECT_TRIGGER: 'trigger',
    enums.ObjectType.OBJECT_TYPE: 'type',
    enums.ObjectType.OBJECT_SCHEMA: 'schema',
}
for kind in ('AGGREGATE', 'FUNCTION', 'PROCEDURE', 'ROUTINE'):
    KINDS[getattr(enums.ObjectType, f'OBJECT_{kind}')] = 'routine'
for kind in ('TABLE', 'VIEW', 'INDEX', 'FOREIGN_TABLE'):
    KINDS[getattr(enums.ObjectType, f'OBJECT_{kind}')] = 'relation'


def target(node):
    """What a COMMENT is about, as created() has it."""
    kind = KINDS.get(node.objtype)
    object_ = node.object
    if isinstance(object_, ast.ObjectWithArgs):
        return (kind, name_of(object_.objname))
    if isinstance(object_, ast.TypeName):
        return (kind, name_of(object_.names))
    if isinstance(object_, tuple):
        names = [part.sval for part in object_]
        if kind in ('column', 'policy', 'trigger'):
            return (kind, '.'.join(names[-2:]))
        return (kind, names[-1])
    return (kind, object_.sval)


def main():
    complaints = []
    for path in sys.argv[1:]:
        try:
            complaints.extend(Part(path).check())
        except pglast.parser.ParseError as error:
            complaints.append(f'{path}: {error}')
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


sys.exit(main())
