"""Symbol graphs of the modules of the debug build: what other modules see of them."""
import json
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build/debug"
SYSTEM = ROOT / "Sources/System"


def tool(name):
    """A tool of the toolchain that `swift` is part of."""
    information = json.loads(subprocess.run(
        ["swift", "-print-target-info"], check=True, capture_output=True, text=True).stdout)
    resources = pathlib.Path(information["paths"]["runtimeResourcePath"])
    return resources.parents[1] / "bin" / name


def module_maps():
    """The C modules that the modules of the build import."""
    folders = [SYSTEM, ROOT / ".build/checkouts"]
    maps = [path for folder in folders for path in sorted(folder.rglob("module.modulemap"))
            if "Tests" not in path.parts and path.parent.name in ("include", path.parent.name)]
    return maps + sorted(BUILD.glob("*.build/module.modulemap"))


def extract(module, folder):
    """The symbol graphs of a module, extensions of other modules' types included, as JSON."""
    output = folder / module
    output.mkdir()
    command = [
        tool("swift-symbolgraph-extract"), "-module-name", module, "-I", BUILD / "Modules",
        "-target", f"{platform.machine()}-unknown-linux-gnu", "-minimum-access-level", "public",
        "-skip-inherited-docs", "-output-dir", output]
    for path in module_maps():
        command += ["-Xcc", f"-fmodule-map-file={path}"]
    result = subprocess.run(command, capture_output=True, text=True)
    graphs = sorted(output.glob("*.symbols.json"))
    if result.returncode != 0 or not graphs:
        raise SystemExit(f"no symbols of {module}; `swift build` comes first\n{result.stderr}")
    return [json.loads(path.read_text()) for path in graphs]
