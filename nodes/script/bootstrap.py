# Runs script.py of the folder given and leaves its result in result.json.
import sys, os, json

folder = sys.argv[1]
path = os.path.join(folder, "script.py")
sys.argv = [path]
sys.path[:] = [p for p in sys.path if p not in ("", os.getcwd())]


def plain(v):
    """Makes JSON of what json does not know."""
    import base64, dataclasses, decimal, enum
    if isinstance(v, decimal.Decimal):
        return int(v) if v == v.to_integral_value() else float(v)
    if isinstance(v, enum.Enum):
        return v.value
    if isinstance(v, (set, frozenset)):
        try:
            return sorted(v)
        except TypeError:
            return list(v)
    if isinstance(v, (bytes, bytearray)):
        return base64.b64encode(bytes(v)).decode()
    if dataclasses.is_dataclass(v) and not isinstance(v, type):
        return dataclasses.asdict(v)
    if isinstance(v, os.PathLike):
        return os.fspath(v)
    if hasattr(v, "isoformat"):
        return v.isoformat()
    if hasattr(v, "to_dict"):
        try:
            return v.to_dict(orient="records")
        except TypeError:
            return v.to_dict()
    if hasattr(v, "tolist"):
        return v.tolist()
    if hasattr(v, "__iter__"):
        return list(v)
    raise TypeError("the result holds a " + type(v).__name__ + ", which JSON cannot hold")


def finite(v):
    """Replaces numbers that JSON does not have."""
    if isinstance(v, float) and (v != v or v in (float("inf"), float("-inf"))):
        return None
    if isinstance(v, dict):
        return {k: finite(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [finite(x) for x in v]
    return v


def encode(v):
    try:
        return json.dumps(v, default=plain, allow_nan=False)
    except ValueError as e:
        if "JSON compliant" not in str(e):
            raise
    return json.dumps(finite(json.loads(json.dumps(v, default=plain))))


def call(main, value):
    import inspect
    params = list(inspect.signature(main).parameters.values())
    named = [p for p in params if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if not params:
        out = main()
    elif len(params) == 1 and (params[0].name == "input" or not isinstance(value, dict) or params[0].name not in value and params[0].kind != params[0].VAR_KEYWORD):
        out = main(value)
    elif any(p.kind == p.VAR_KEYWORD for p in params):
        out = main(**value)
    else:
        out = main(**{p.name: value[p.name] for p in named if p.name in value})
    if inspect.iscoroutine(out):
        import asyncio
        out = asyncio.run(out)
    return out


def run():
    with open(os.path.join(folder, "input.json"), encoding="utf-8") as f:
        value = json.load(f)
    with open(path, encoding="utf-8") as f:
        source = f.read()
    import ast
    tree = ast.parse(source, path)
    has_main = any(isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.name == "main" for n in tree.body)
    names = {"__name__": "script" if has_main else "__main__", "__file__": path, "__builtins__": __builtins__, "input": value}
    try:
        exec(compile(tree, path, "exec"), names)
        if has_main and callable(names.get("main")):
            return {"result": encode(call(names["main"], value))}
    except SystemExit as e:
        if e.code not in (None, 0):
            raise
    if "result" in names:
        return {"result": encode(names["result"])}
    return {}


def describe(e):
    import traceback
    line = getattr(e, "lineno", None) if isinstance(e, SyntaxError) and e.filename == path else None
    for frame in traceback.extract_tb(e.__traceback__):
        if frame.filename == path:
            line = frame.lineno
    frames = [f for f in traceback.extract_tb(e.__traceback__) if f.filename != "<string>"]
    return {"error": {
        "type": type(e).__name__, "message": str(e), "line": line or 0,
        "trace": "".join(traceback.format_list(frames) + traceback.format_exception_only(type(e), e)),
    }}


try:
    answer = run()
except BaseException as e:
    try:
        answer = describe(e)
    except MemoryError:
        answer = {"error": {"type": "MemoryError", "message": "", "line": 0, "trace": ""}}
try:
    sys.stdout.flush()
except Exception:
    pass
with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as f:
    json.dump(answer, f)
sys.exit(1 if "error" in answer else 0)
