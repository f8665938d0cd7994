"""What must hold of the tree besides its tests: configuration, sidebar, links, house rules.

    python .ci/checks.py                   every check; `_proc` (the processed pages) must be there for the links
    python .ci/checks.py sidebar links     some of them

Each check is a generator of problems, one line each. Prints `ok` or `FAILED` for each check, and its problems.
"""
import ast
import json
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from urllib.parse import unquote

root = Path(__file__).resolve().parent.parent
ini = ConfigParser(delimiters=["="])
ini.read(root / "settings.ini", encoding="utf-8")
cfg = ini["DEFAULT"]
nbs, package, proc = root / cfg["nbs_path"], root / cfg["lib_path"], root / "_proc"
site = cfg["doc_host"] + cfg["doc_baseurl"] + "/"
LONGEST_CELL = 60


def notebooks(folder: Path) -> list[Path]:
    "The notebooks of `folder`, as nbdev finds them."
    return sorted(p for p in folder.rglob("*.ipynb") if not any(part[0] in "._" for part in p.relative_to(folder).parts))


def cells(path: Path, kind: str) -> list[dict]:
    "Cells of one kind, with their source as one string under `text`."
    return [c | {"text": "".join(c["source"])} for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == kind]


def quarto():
    "nbs/_quarto.yml rests on the top one; every path in the top one exists under nbs/; nbdev.yml follows settings.ini."
    import yaml
    if (nbs / "_quarto.yml").read_text(encoding="utf-8").strip() != "metadata-files: [../_quarto.yml, nbdev.yml]":
        yield "nbs/_quarto.yml is no longer the one line `metadata-files: [../_quarto.yml, nbdev.yml]`"
    top = yaml.safe_load((root / "_quarto.yml").read_text(encoding="utf-8"))
    bar = top["website"]["navbar"]
    for path in [top["format"]["html"]["css"], *(item["href"] for item in bar["left"] + bar.get("right", []))]:
        if not (nbs / path).is_file(): yield f"_quarto.yml names {path}, which is not under nbs/"
    made = yaml.safe_load((nbs / "nbdev.yml").read_text(encoding="utf-8"))["website"]
    for key, value in {"title": cfg["title"], "site-url": site[:-1], "repo-url": cfg["git_url"], "repo-branch": cfg["branch"]}.items():
        if made[key] != value: yield f"nbs/nbdev.yml: {key} is {made[key]}, settings.ini says {value}"


def sidebar():
    "Every page of the sidebar exists and every notebook is in the sidebar, once."
    import yaml
    def pages(entry):
        if isinstance(entry, str): yield entry
        elif isinstance(entry, list):
            for item in entry: yield from pages(item)
        else: yield from pages([entry[key] for key in ("href", "file", "contents") if key in entry])
    listed = list(pages(yaml.safe_load((root / "_quarto.yml").read_text(encoding="utf-8"))["website"]["sidebar"]["contents"]))
    present = [p.relative_to(nbs).as_posix() for p in notebooks(nbs)]
    yield from (f"{page} is in the sidebar and not under nbs/" for page in listed if page not in present)
    yield from (f"{page} is not in the sidebar of _quarto.yml" for page in present if page not in listed)
    yield from (f"{page} is in the sidebar twice" for page in set(listed) if listed.count(page) > 1)


def anchors(text: str) -> set[str]:
    "What a `#…` can point to in Markdown: headings by pandoc's rule, explicit {#ids}, HTML ids."
    found = set(re.findall(r"\{[^}\n]*#([\w:.-]+)", text)) | set(re.findall(r"""\bid=["']([^"']+)""", text))
    for heading in re.findall(r"^#{1,6}\s+(.+?)(?:\s*\{[^}]*\})?\s*$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M):
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"\s+", "-", re.sub(r"[^\w\s.-]", "", words).strip().lower())
        found.add(re.sub(r"^[^a-z]+", "", slug) or "section")
    return found


def prose(path: Path) -> str:
    "All Markdown of a processed page: its text cells and what show_doc wrote."
    outputs = ("".join(o["data"]["text/markdown"]) for c in cells(path, "code")
               for o in c["outputs"] if "text/markdown" in o.get("data", {}))
    return "\n\n".join([*(c["text"] for c in cells(path, "markdown")), *outputs])


def rendered_as(path: Path) -> Path:
    "Where the HTML of a processed page will stand: its `output-file`, else its own name."
    named = re.search(r"^output-file: (\S+)", "\n".join(c["text"] for c in cells(path, "raw")), re.M)
    return path.with_name(named[1]) if named else path.with_suffix(".html")


def links():
    "Internal links, their #anchors, and every picture, in the processed pages."
    pages = {p.relative_to(proc).as_posix(): prose(p) for p in notebooks(proc)} if proc.is_dir() else {}
    source = {rendered_as(proc / page): proc / page for page in pages}  # 04_layers.ipynb is rendered as layers.html
    if len(pages) != len(notebooks(nbs)): yield f"_proc has {len(pages)} pages and nbs/ {len(notebooks(nbs))}: run nbdev's proc_nbs first"
    for page, text in pages.items():
        text = re.sub(r"^(`{3,})[^`\n]*\n.*?^\1", "", text, flags=re.M | re.S)  # code is not prose
        text = re.sub(r"\[`([^`\]]*)`\]\(", r"[\1](", text)                                 # but a link's text may be
        text = re.sub(r"(`+)[^`]+\1", "", text)
        attached = {name for c in cells(proc / page, "markdown") for name in c.get("attachments", {})}
        targets = re.findall(r"(!?)\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)", text)
        targets += [("!", t) for t in re.findall(r"<img[^>]+src=[\"']([^\"']+)", text)]
        targets += [("", t) for t in re.findall(r"<a[^>]+href=[\"']([^\"']+)", text)]
        for picture, target in targets:
            address, _, anchor = unquote(target).partition("#")
            if address.startswith("attachment:"):
                if address.split(":", 1)[1] not in attached: yield f"{page}: picture {target} is not attached"
                continue
            if address.startswith(site): address = "/" + address[len(site):]
            if re.match(r"[a-z]+:", address): continue
            base = proc if address.startswith("/") else (proc / page).parent
            file = (base / address.lstrip("/")).resolve() if address else proc / page
            file = source.get(file, file)
            if not file.is_relative_to(proc) or not file.is_file():
                yield f"{page}: {'picture' if picture else 'link'} {target} leads nowhere"
            elif anchor and file.suffix == ".ipynb" and anchor.lower() not in map(str.lower, anchors(pages[file.relative_to(proc).as_posix()])):
                yield f"{page}: {target}: no such heading there"


def stored():
    "House rules of a notebook: outputs stored, no error among them, asserts, prose, short exported cells, no machine's path."
    for path in notebooks(nbs):
        name, code = path.relative_to(root).as_posix(), cells(path, "code")
        if any(isinstance(c["source"], str) for c in json.loads(path.read_text(encoding="utf-8"))["cells"]):
            yield f"{name}: cell sources are strings, not lists of lines: save it through nbformat"
        titled = next((c["text"] for c in cells(path, "markdown") if re.search(r"^#\s+\S", c["text"], re.M)), "")
        if not re.fullmatch(r"# .+\n> .+\n?", titled):
            yield f"{name}: the title's cell must be `# title`, then one line `> summary`, and nothing else: nbdev leaves the rest of it off the site"
        if any(o["output_type"] == "error" for c in code for o in c["outputs"]): yield f"{name}: an error is stored in its outputs"
        if code and not any(c["outputs"] for c in code): yield f"{name}: no cell has a stored output: python .ci/refresh.py {name}"
        exported = [c for c in code if re.search(r"^#\s*\|\s*exports?\b", c["text"], re.M)]
        hidden = [c for c in exported if re.search(r"^#\s*\|\s*export\b", c["text"], re.M) and not re.search(r"^#\s*\|\s*hide\b", c["text"], re.M)]
        if hidden: yield f"{name}: {len(hidden)} cells say `#| export`, which the site leaves out: `#| exports` shows the source too"
        tests = "\n".join(c["text"] for c in code if c not in exported)
        if exported and not re.search(r"\bassert\b|test_\w+\(", tests): yield f"{name}: exports code and asserts nothing"
        if exported and len(cells(path, "markdown")) < len(exported): yield f"{name}: fewer cells of prose than exported cells"
        if any(re.search(r"^#\s*\|\s*code-fold", c["text"], re.M) for c in exported): yield f"{name}: an exported cell sets code-fold, which nbdev sets itself"
        for c in exported:
            if c["text"].count("\n") > LONGEST_CELL: yield f"{name}: an exported cell of {c['text'].count(chr(10)) + 1} lines (limit {LONGEST_CELL}): {c['text'].splitlines()[1]}"
        for place in set(re.findall(r"/(?:work|root|tmp|home)/[\w./-]*", path.read_text(encoding="utf-8"))): yield f"{name}: a machine's path stands in it: {place}"


def files():
    "No tracked file over 5 MB; every module comes from a notebook whose path, less its number, is the module's."
    tracked = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    for path in tracked:
        if (root / path).is_file() and (root / path).stat().st_size > 5_000_000: yield f"{path} is over 5 MB"
    for module in package.rglob("*.py"):
        made_from = re.search(r"File to edit: \.\./(\S+\.ipynb)", module.read_text(encoding="utf-8").replace("../../", "../"))
        name = module.relative_to(package).with_suffix("").as_posix()
        if name.split("/")[-1] in ("__init__", "_modidx"): continue
        if not made_from: yield f"{name}.py was not exported by a notebook"
        elif made_from[1] != "nbs/book_names.ipynb" and re.sub(r"(^|/)\d+_", r"\1", made_from[1]) != f"nbs/{name}.ipynb":
            yield f"{name}.py comes from {made_from[1]}: a page's path, less its number, is its module's"


def requirements():
    "The library imports what settings.ini requires and nothing else; constraints.txt pins all of it and names no place."
    def names(key): return {re.match(r"[\w-]+", r)[0].lower().replace("-", "_") for r in cfg[key].split()}
    for module in package.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import): imported = [a.name for a in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level: imported = [node.module]
            else: continue
            for name in {i.split(".")[0] for i in imported} - sys.stdlib_module_names - names("requirements") - {package.name}:
                yield f"{module.relative_to(root)} imports {name}, which settings.ini does not require"
    lines = [l for l in (root / "constraints.txt").read_text(encoding="utf-8").splitlines() if l.strip() and not l.startswith("#")]
    pinned = {l.split("==")[0].lower().replace("-", "_") for l in lines}
    yield from (f"constraints.txt: {line!r} is not of the form name==version" for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!]+( ?;.+)?", line))
    yield from (f"constraints.txt does not pin {name}" for name in sorted((names("requirements") | names("dev_requirements")) - pinned))


CHECKS = [quarto, sidebar, links, stored, files, requirements]


def main(wanted: list[str]) -> int:
    failed = 0
    for check in CHECKS:
        if wanted and check.__name__ not in wanted: continue
        problems = list(check())
        failed += bool(problems)
        print(f"{'FAILED' if problems else 'ok':6} {check.__name__}: {check.__doc__}", *problems, sep="\n    ", flush=True)
    return int(failed > 0)


if __name__ == "__main__": sys.exit(main(sys.argv[1:]))
