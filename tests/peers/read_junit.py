"""Reads a JUnit XML file as CI servers do and says whether it holds what it should.

    read_junit.py FILE TESTS FAILURES ERRORS

With junitparser, and held against the form that Jenkins, GitLab and GitHub's reporters share: which elements may be
where, which attributes they have, and that the counts are those of the cases.
"""

import sys
import xml.etree.ElementTree as ElementTree

from junitparser import Error, Failure, JUnitXml

# What a reader takes: element -> (attributes it must have, attributes it may have, elements within it, in order).
FORM = {
    "testsuites": ({"name", "tests", "failures", "errors"}, {"skipped", "time"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"skipped", "time", "timestamp"},
        ["properties", "testcase"],
    ),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, set(), []),
    "testcase": ({"name", "classname"}, {"time"}, ["failure", "error", "system-out"]),
    "failure": ({"message", "type"}, set(), []),
    "error": ({"message", "type"}, set(), []),
    "system-out": (set(), set(), []),
}


def check_form(element):
    must, may, within = FORM[element.tag]
    names = set(element.attrib)
    assert must <= names <= must | may, f"<{element.tag}> has {sorted(names)}"
    order = [within.index(child.tag) for child in element]
    assert order == sorted(order), f"<{element.tag}> holds {[child.tag for child in element]}"
    for child in element:
        check_form(child)


def check_counts(element):
    cases = list(element.iter("testcase"))
    for attribute, count in [
        ("tests", len(cases)),
        ("failures", sum(case.find("failure") is not None for case in cases)),
        ("errors", sum(case.find("error") is not None for case in cases)),
    ]:
        assert int(element.get(attribute)) == count, f"{attribute} of {element.get('name')!r}"


def main():
    path, *expected = sys.argv[1:]
    root = ElementTree.parse(path).getroot()
    check_form(root)
    for element in [root, *root.iter("testsuite")]:
        check_counts(element)
    named = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(named) == len(set(named)), "two cases of one name"

    cases = [case for suite in JUnitXml.fromfile(path) for case in suite]
    results = [result for case in cases for result in case.result]
    seen = [
        len(cases),
        sum(isinstance(result, Failure) for result in results),
        sum(isinstance(result, Error) for result in results),
    ]
    assert seen == [int(count) for count in expected], f"tests, failures, errors: {seen}"
    assert all(result.message for result in results), "each says why"


main()
