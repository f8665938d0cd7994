"Packaging. Everything that has a value (name, version, requirements, scripts) is read from settings.ini."
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
ini = ConfigParser(delimiters=["="], interpolation=None)
ini.read(here / "settings.ini", encoding="utf-8")
cfg = ini["DEFAULT"]
package = cfg["lib_path"]

status = {"1": "1 - Planning", "2": "2 - Pre-Alpha", "3": "3 - Alpha", "4": "4 - Beta", "5": "5 - Production/Stable"}
pythons = [f"Programming Language :: Python :: 3.{minor}" for minor in range(int(cfg["min_python"].split(".")[1]), 14)]
models = [str(p.relative_to(here / package)) for p in (here / package / "models").rglob("*") if p.is_file()]
problems = [str(p.relative_to(here / package)) for p in (here / package / "evaluate").glob("*.jsonl")]

setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    url=cfg["git_url"],
    keywords=cfg["keywords"],
    license="Apache-2.0",
    classifiers=[f"Development Status :: {status[cfg['status']]}", "Intended Audience :: Developers",
                 "Intended Audience :: Education", "Natural Language :: English", *pythons],
    packages=find_packages(include=[package, f"{package}.*"]),
    package_data={package: models + problems},  # embedded models in the hub's format, and the shipped problems
    include_package_data=False,
    python_requires=f">={cfg['min_python']}",
    install_requires=cfg["requirements"].split(),
    extras_require={"dev": cfg["dev_requirements"].split(), "docs": cfg["docs_requirements"].split()},
    entry_points={"console_scripts": cfg["console_scripts"].split(), "nbdev": [f"{package}={package}._modidx:d"]},
    zip_safe=False,
)
