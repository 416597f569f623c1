"""What holds for every tool of our own: a handler, a scope that exists, words for models, and answers that are marked."""

import pytest
from pydantic import ValidationError

from server.callers import permission_named
from server.workflows import handler_of
from tools.definitions import definitions, input_schema
from tools.operation import Effect
from tools.registry import WORKFLOW_MODULES, workflows_in
from tools.workflow import AnyWorkflow

WORKFLOWS = [workflow for module in WORKFLOW_MODULES for workflow in workflows_in(module)]
each = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)


@each
def test_a_declaration_is_whole(workflow: AnyWorkflow) -> None:
    entry = definitions()[workflow.name]
    assert callable(handler_of(workflow))
    assert 10 <= len(workflow.description) <= 300
    assert [permission_named(scope) for scope in entry["scopes"]] == sorted(workflow.scopes)
    hints = entry["tool"]["annotations"]
    assert hints["readOnlyHint"] == (workflow.effect is Effect.READ)
    assert set(entry["tool"]["inputSchema"]["properties"]) == set(input_schema(workflow)["properties"])
    workflow.args.model_validate(workflow.example)
    with pytest.raises(ValidationError, match="no_such_argument"):
        workflow.args.model_validate({**workflow.example, "no_such_argument": 1})
