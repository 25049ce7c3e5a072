from __future__ import annotations

import json

from tests.unit.security.build import finding, scan_of
from workbench.domain.finding import FlowStep
from workbench.security.sarif import to_sarif


def _run(*findings, **more):
    log = to_sarif([scan_of(*findings)], "1.0", **more)
    json.dumps(log)
    assert log["version"] == "2.1.0"
    return log["runs"][0]


def test_a_finding_becomes_a_result_with_its_rule() -> None:
    run = _run(finding(path="a b/ü.md", tags=("AST01",), pattern="P3"))

    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "a%20b/%C3%BC.md", "uriBaseId": "SKILL1"}
    assert place["region"] == {"startLine": 3, "endLine": 3}
    assert run["originalUriBaseIds"] == {"SKILL1": {"uri": "file:///lib/s/"}}
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "r"
    assert rule["shortDescription"]["text"] == "Title"
    assert rule["properties"]["tags"] == ["security", "AST01", "P3"]
    assert result["level"] == "error"
    assert result["partialFingerprints"] == {"skillWorkbench/v1": "f1"}


def test_suppressions_and_baseline_are_told() -> None:
    run = _run(finding(suppressed="a lab skill", baseline="unchanged"))

    (result,) = run["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "a lab skill"}]
    assert result["baselineState"] == "unchanged"


def test_what_is_gone_is_absent() -> None:
    run = _run(missing_baseline={("s", "r", "SKILL.md", "f9")})

    assert [item["baselineState"] for item in run["results"]] == ["absent"]


def test_a_flow_becomes_a_code_flow() -> None:
    run = _run(finding(flow=(FlowStep("a.py", 2, "reads"), FlowStep("b.py", 9, "sends"))))

    steps = run["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == ["reads", "sends"]


def test_each_scanner_has_a_run_of_its_own() -> None:
    log = to_sarif([scan_of(finding(plugin="a"), finding(plugin="b"))], "1.0")

    names = [run["tool"]["driver"]["name"] for run in log["runs"]]
    assert names == ["Skill Workbench: a", "Skill Workbench: b"]
    assert [len(run["results"]) for run in log["runs"]] == [1, 1]


def test_a_clean_scan_is_one_run_without_results() -> None:
    assert _run()["results"] == []
