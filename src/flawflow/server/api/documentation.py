"""The page /docs: what openapi.json says, for people, without a script."""

from collections.abc import Iterable
from html import escape
from typing import Any

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>flawflow station: HTTP</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/css/tokens.css">
<link rel="stylesheet" href="/static/css/base.css">
<link rel="stylesheet" href="/static/css/parts.css">
<main class="stack">
<h1>flawflow station</h1>
<p>For programs: <a href="/openapi.json">openapi.json</a>. For people: <a href="/">the page</a>.</p>
<h2>Operations</h2>
{operations}
<h2>Schemas</h2>
{schemas}
</main>
</html>
"""


def documentation(openapi: dict[str, Any]) -> str:
    """Give the page.

    Args:
        openapi: Of the application.
    """
    operations = (
        _operation(method, path, operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    )
    schemas = (_schema(name, schema) for name, schema in openapi["components"]["schemas"].items())
    return _PAGE.format(operations="\n".join(operations), schemas="\n".join(schemas))


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    text = escape(operation.get("description") or operation.get("summary", ""))
    first, _, rest = text.partition("\n\n")
    given = [
        (each["name"], f"{_type(each['schema'])}, in the {escape(each['in'])}", _told(each | each["schema"]))
        for each in operation.get("parameters", ())
    ]
    given += [
        ("body", f"{_type(content.get('schema', {}))}, {escape(kind)}", "")
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
    ]
    answers = [
        (status, _answer(answer), escape(answer.get("description", "")))
        for status, answer in operation["responses"].items()
    ]
    return (
        f'<details class="card"><summary><span><code>{method.upper()} {escape(path)}</code> {first}'
        f"</span></summary>{f'<p>{rest}</p>' if rest else ''}"
        f"{_table(('Parameter', 'Type', 'Meaning'), given)}{_table(('Status', 'Answer', 'Meaning'), answers)}"
        "</details>"
    )


def _schema(name: str, schema: dict[str, Any]) -> str:
    fields = [
        (field, _type(content), _told(content)) for field, content in schema.get("properties", {}).items()
    ]
    told = escape(schema.get("description", "").partition("\n")[0])
    return (
        f'<section class="card" id="{escape(name)}"><h3>{escape(name)}</h3><p>{told}</p>'
        f"{_table(('Field', 'Type', 'Meaning'), fields) or _type(schema)}</section>"
    )


def _table(heads: Iterable[str], rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    body = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{kind}</td><td>{told}</td></tr>"
        for name, kind, told in rows
    )
    return f'<table class="small"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _answer(answer: dict[str, Any]) -> str:
    contents = answer.get("content", {})
    return "; ".join(
        f"{_type(content.get('schema', {}))} {escape(kind)}" for kind, content in contents.items()
    )


def _told(schema: dict[str, Any]) -> str:
    """What is said of a value, with its bounds and its default."""
    bounds = (
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "characters, at least"),
        ("maxLength", "characters, at most"),
        ("default", "default"),
    )
    parts = [schema.get("description", "")]
    for each in (schema, *schema.get("anyOf", ())):
        parts += [f"{word} {each[key]}" for key, word in bounds if each.get(key) is not None]
    return escape("; ".join(filter(None, parts)))


def _type(schema: dict[str, Any]) -> str:
    """The type of a value in words, with a link where it is a schema of its own."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(map(_type, schema[key]))
    if "enum" in schema or "const" in schema:
        return " | ".join(escape(repr(value)) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" if "items" in schema else "list"
    if schema.get("type") == "object" and "properties" in schema:
        fields = (f"{escape(name)}: {_type(each)}" for name, each in schema["properties"].items())
        return f"{{{', '.join(fields)}}}"
    kind = escape(schema.get("type", "anything"))
    return f"{kind} ({escape(schema['format'])})" if "format" in schema else kind
