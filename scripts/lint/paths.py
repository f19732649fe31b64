#!/usr/bin/python3
"""Checks that what the pages for developers name is there.

usage: scripts/lint/paths.py

In ARCHITECTURE.md and CONTRIBUTING.md, every path between backticks must exist,
and every function, type or macro of ours must occur in the code; `name()` in
`path` must be in that file.  NAME, STEP
and the like, as in scripts/steps/STEP.sh, stand for any name.
"""

import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = ('ARCHITECTURE.md', 'CONTRIBUTING.md')
CODE = ('src', 'sql/order', 'sql/tables', 'sql/functions', 'sql/updates', 'scripts', 'test', 'Makefile')
PLACEHOLDER = re.compile(r'\b(NAME|STEP|DOMAIN|PART|TABLE|W|X\.Y\.Z)\b')
NAME = re.compile(r'(ca_\w+|Ca[A-Z]\w+|CA_[A-Z_]+|\w+\(\))$')
SUFFIX = re.compile(r'[\w*.-]+\.(c|h|sql|sh|md|py|spec|out|control|json)$')


def files():
    for directory, below, names in os.walk('.'):
        below[:] = [name for name in below if name not in ('.git', 'build', 'results', 'output_iso')]
        for name in names:
            yield os.path.join(directory, name)[2:]


def exists(path, known):
    pattern = PLACEHOLDER.sub('*', path.rstrip('/'))
    if os.path.exists(path) or glob.glob(pattern):
        return True
    # a file's name alone
    return '/' not in path and bool(glob.glob('**/' + pattern, recursive=True)) and path in known


def check_page(page, text, known, code):
    top = {name.split('/')[0] for name in known}
    for number, line in enumerate(text.split('\n'), 1):
        for word in re.findall(r'`([^`]+)`', line):
            what = None
            if '/' in word and ' ' not in word and word.split('/')[0] in top:
                what = None if exists(word, known) else 'path'
            elif SUFFIX.match(word):
                what = None if exists(word, known) else 'file'
            elif NAME.match(word):
                name = word.rstrip('()')
                what = None if re.search(r'\b%s\b' % re.escape(name), code) else 'name'
            if what:
                yield f'{page}:{number}: there is no {what} {word}'
    for name, path in re.findall(r'`(\w+)\(\)`\s+in\s+`([^`]+)`', text):
        if os.path.isfile(path) and not re.search(r'\b%s\b' % name, read(path)):
            yield f'{page}: {name}() is not in {path}'


def read(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read()


def main():
    os.chdir(TOP)
    known = sorted(files())
    names = set(known) | {os.path.basename(name) for name in known}
    code = '\n'.join(read(name) for name in known
                     if any(name == c or name.startswith(c + '/') for c in CODE)
                     and not name.startswith(('test/expected/', 'test/kernel/fuzz/corpus/'))
                     and not name.endswith(('.o', '.bc', '.so')))
    complaints = []
    for page in PAGES:
        complaints.extend(check_page(page, read(page), names, code))
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


sys.exit(main())
