"""PromQL expressions and the series of /metrics that they select."""
import re

import promql_parser

SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? \S+")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
# Labels that Prometheus adds, and its own series.
LABELS_OF_THE_SCRAPE = {"job", "instance", "cluster"}
SERIES_OF_THE_SCRAPE = {"up"}
# Variables of Grafana, by the texts that it puts in their place.
VARIABLES = {"$__rate_interval": "1m", "$job": "etcd", "$cluster": ".*"}


def samples(text):
    """[(name, {label: value})] of a response of /metrics."""
    found = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels = SAMPLE.fullmatch(line).groups()
            found.append((name, dict(LABEL.findall(labels or ""))))
    return found


def with_values(expression):
    """An expression with Grafana's variables replaced."""
    for variable, text in VARIABLES.items():
        expression = expression.replace(variable, text)
    return expression


def parsed(expression):
    """The syntax tree of an expression; raises ValueError."""
    return promql_parser.parse(with_values(expression))


def selectors(tree):
    """The vector selectors of a syntax tree."""
    if isinstance(tree, promql_parser.VectorSelector):
        return [tree]
    if isinstance(tree, promql_parser.MatrixSelector):
        return selectors(tree.vector_selector)
    if isinstance(tree, promql_parser.Call):
        parts = list(tree.args)
    elif isinstance(tree, promql_parser.BinaryExpr):
        parts = [tree.lhs, tree.rhs]
    elif isinstance(tree, (promql_parser.NumberLiteral, promql_parser.StringLiteral)):
        parts = []
    else:
        parts = [tree.expr]
    return [one for part in parts for one in selectors(part)]


def selects(selector, sample):
    """Whether a selector selects a sample, apart from the labels that the scrape adds."""
    name, labels = sample
    return name == selector.name and all(
        matches(matcher, labels.get(matcher.name, ""))
        for matcher in selector.matchers.matchers
        if matcher.name not in LABELS_OF_THE_SCRAPE)


def matches(matcher, value):
    operators = promql_parser.MatchOp
    if matcher.op in (operators.Re, operators.NotRe):
        equal = re.fullmatch(matcher.value, value) is not None
    else:
        equal = value == matcher.value
    return equal is (matcher.op in (operators.Equal, operators.Re))


def without_series(expression, scraped):
    """The selectors of an expression that select none of the samples."""
    return [one for one in selectors(parsed(expression))
            if one.name not in SERIES_OF_THE_SCRAPE
            and not any(selects(one, sample) for sample in scraped)]
