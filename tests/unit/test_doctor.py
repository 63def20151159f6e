"""The doctor names what is wrong with a machine, and what to do about it."""

import pytest

from frostline import doctor
from frostline.doctor import Finding, Level


@pytest.mark.parametrize(
    ("finding", "level"),
    [
        (doctor.check_python((3, 10)), Level.ERROR),
        (doctor.check_python((3, 11)), Level.OK),
        (doctor.check_python((4, 0)), Level.OK),
        (doctor.check_venv(has_ensurepip=False), Level.ADVICE),
        (doctor.check_venv(has_ensurepip=True), Level.OK),
        (doctor.check_architecture("aarch64"), Level.ERROR),
        (doctor.check_architecture("x86_64"), Level.OK),
        (doctor.check_glibc((2, 33)), Level.ERROR),
        (doctor.check_glibc((2, 34)), Level.OK),  # the wheel is manylinux_2_34
        (doctor.check_glibc((0,)), Level.ERROR),  # musl
        (doctor.check_database(cached=False, apt=False), Level.ERROR),
        (doctor.check_database(cached=False, apt=True), Level.OK),
        (doctor.check_database(cached=True, apt=False), Level.OK),
        (doctor.check_broker(None, apt=False), Level.ERROR),
        (doctor.check_broker(None, apt=True), Level.OK),
        (doctor.check_broker("/usr/sbin/mosquitto", apt=False), Level.OK),
        (doctor.check_browser(None, apt=False), Level.ADVICE),
        (doctor.check_browser("/usr/bin/chromium", apt=False), Level.OK),
        (doctor.check_port(8080, free=False), Level.ADVICE),
        (doctor.check_port(8080, free=True), Level.OK),
        (doctor.check_bluetooth([]), Level.ADVICE),
        (doctor.check_bluetooth(["hci0"]), Level.OK),
        (doctor.check_clock(synchronised=False), Level.ADVICE),
        (doctor.check_clock(synchronised=True), Level.OK),
    ],
    ids=lambda value: f"{value.about}: {value.fact}" if isinstance(value, Finding) else value,
)
def test_what_is_found_is_judged(finding, level):
    assert finding.level == level
    assert bool(finding.remedy) == (level != Level.OK)


def test_a_cache_that_does_not_exist_yet_is_judged_by_the_folder_it_will_be_in(tmp_path):
    assert doctor.check_cache(tmp_path / "not" / "yet").level == Level.OK


def test_this_machine_is_examined_without_changing_anything(tmp_path, monkeypatch):
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    findings = doctor.examine()
    assert len({finding.about for finding in findings}) == len(findings) == 12
    assert not (tmp_path / "cache").exists()


def test_a_remedy_stands_below_its_finding():
    findings = [
        Finding("port", Level.ADVICE, "8080 is taken", "use another"),
        Finding("clock", Level.OK, "synchronised"),
    ]
    assert doctor.render(findings).splitlines() == [
        "advice  port         8080 is taken",
        "                     -> use another",
        "ok      clock        synchronised",
    ]
