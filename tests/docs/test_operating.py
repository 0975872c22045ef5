"""The configurations that the documentation shows are read by the programs that they are for."""

import re
import shutil
import subprocess

import pytest
from paths import ROOT

PAGE = ROOT / "docs" / "howto" / "operate.md"
NGINX = shutil.which("nginx")
ANALYZE = shutil.which("systemd-analyze")


def block(start):
    """Returns the code block that starts so."""
    return re.search(rf"```\w+\n({start}.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def test_systemd_reads_the_unit(tmp_path):
    if ANALYZE is None:
        pytest.skip("systemd-analyze is missing")
    unit = tmp_path / "s2s.service"
    text = block(r"\[Unit\]")
    command = re.search(r"ExecStart=(\S+) serve", text)[1]
    unit.write_text(text.replace(command, shutil.which("true")))
    verified = run(ANALYZE, "verify", "--man=no", unit)
    assert verified.returncode == 0, verified.stderr
    assert "s2s.service:" not in verified.stderr  # a line for each setting that is ignored
    unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHome=perhaps"))
    assert "s2s.service:" in run(ANALYZE, "verify", "--man=no", unit).stderr


def test_nginx_reads_the_configuration(tmp_path):
    if NGINX is None:
        pytest.skip("nginx is missing")
    text = re.sub(r"\n *ssl_.*", "", block("# In the http block")).replace(
        "listen 443 ssl", "listen 127.0.0.1:80"
    )
    conf = tmp_path / "nginx.conf"
    paths = "".join(
        f"{name}_temp_path {tmp_path}/{name}; "
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    http = f"http {{ access_log off; {paths}\n{text} }}"
    conf.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}}\n{http}\n")
    tested = run(NGINX, "-t", "-p", tmp_path, "-c", conf)
    assert tested.returncode == 0, tested.stderr
