"""schema.py - as much of JSON Schema as docs/formats/api/openapi.json uses."""
import re

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "null": lambda v: v is None,
}
KNOWN = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "pattern", "oneOf",
    "$ref", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "format",
    "description", "default",
}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def faults(document, schema, value, where="$"):
    """What is wrong with value, a list of sentences."""
    unknown = set(schema) - KNOWN
    if unknown:
        raise ValueError(f"schema.py does not know {unknown}")
    if "$ref" in schema:
        target = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return faults(document, target, value, where)
    if "oneOf" in schema:
        tried = [faults(document, one, value, where) for one in schema["oneOf"]]
        good = sum(not one for one in tried)
        return [] if good == 1 else [f"{where}: {good} of {len(tried)} fit: {tried}"]
    out = []
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(TYPES[t](value) for t in types):
        return [f"{where}: {value!r} is no {types}"]
    if "enum" in schema and value not in schema["enum"]:
        out.append(f"{where}: {value!r} is not one of {schema['enum']}")
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            out.append(f"{where}: {value!r} is not {schema['pattern']}")
        if schema.get("format") == "date-time" and not TIME.match(value):
            out.append(f"{where}: {value!r} is no time")
        if not schema.get("minLength", 0) <= len(value.encode()) <= schema.get("maxLength", 1 << 60):
            out.append(f"{where}: {len(value)} characters")
    if TYPES["number"](value):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            out.append(f"{where}: {value} is out of bounds")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 1 << 60):
            out.append(f"{where}: {len(value)} items")
        for i, item in enumerate(value):
            out += faults(document, schema.get("items", {}), item, f"{where}[{i}]")
    if isinstance(value, dict):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        out += [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name in properties:
                out += faults(document, properties[name], item, f"{where}.{name}")
            elif more is False:
                out.append(f"{where}: {name} is not in the document")
            elif isinstance(more, dict):
                out += faults(document, more, item, f"{where}.{name}")
    return out
