"""What are members told of the rules?

The text is made from the rules that decide, so that it promises what is paid.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.rules.compensation_rules import (
    AnswerLevel,
    Cap,
    Clause,
    CompensationRules,
)
from schemas.money import Language, write_amount
from schemas.reading import Zone

_ZONES: Final[Mapping[Language, Mapping[Zone, str]]] = {
    "zh": {Zone.FROZEN: "冷冻", Zone.CHILLED: "冷藏", Zone.AMBIENT: "恒温"},
    "en": {Zone.FROZEN: "frozen", Zone.CHILLED: "chilled", Zone.AMBIENT: "ambient"},
}


def published_text(rules: CompensationRules, language: Language) -> str:
    """Return the text for members: title, version, and a line for each clause, as Markdown."""
    title, version = (
        (rules.title_zh, f"第 {rules.version} 版")
        if language == "zh"
        else (rules.title_en, f"Version {rules.version}")
    )
    lines = [f"- **{number}** {text}" for number, text in clause_texts(rules, language).items()]
    return "\n".join([f"# {title}", "", f"{rules.rulebook_id}, {version}", "", *lines, ""])


def clause_texts(rules: CompensationRules, language: Language) -> dict[str, str]:
    """Return each clause's sentence by its number, in the order of the file."""
    return {
        clause.number: _filled(clause, numbers, language)
        for clause, numbers in _numbers(rules, language)
    }


def _filled(clause: Clause, numbers: Mapping[str, str], language: Language) -> str:
    sentence = clause.zh if language == "zh" else clause.en
    return sentence.format_map(numbers).strip()


def _numbers(
    rules: CompensationRules, language: Language
) -> Iterator[tuple[Clause, Mapping[str, str]]]:
    """Return what the words in braces stand for, clause by clause."""

    def amount(value: int) -> str:
        return write_amount(value, rules.currency, language)

    for share in rules.spoiled:
        yield share.clause, {"percent": _percent(share.per_mille, language)}
    zones = [_ZONES[language][zone] for zone in rules.proof.zones]
    yield rules.proof.clause, {"zones": _listed(zones, language)}
    for step in rules.late:
        yield (
            step.clause,
            {
                "percent": _percent(step.per_mille, language),
                "time": _time(step.late_s, language),
            },
        )
    small, serious = rules.small_complaints, rules.serious_complaints
    yield small.clause, {"amount": amount(small.at_once_max)}
    levels = _chain(serious.levels, language)
    yield serious.clause, {"time": _time(serious.answer_within_s, language), "levels": levels}
    yield rules.automatic.clause, {"amount": amount(rules.automatic.amount_max)}
    yield rules.cap.clause, _cap_numbers(rules.cap, rules.currency, language)
    for rule in rules.blocked:
        yield rule.clause, {}
    yield rules.once.clause, {}


def _percent(per_mille: int, language: Language) -> str:
    whole, tenth = divmod(per_mille, 10)
    number = f"{whole}.{tenth}" if tenth else f"{whole}"
    return f"{number}%" if language == "zh" else f"{number} %"


def _time(seconds: int, language: Language) -> str:
    for unit_s, zh, en in ((3600, "小时", "hour"), (60, "分钟", "minute"), (1, "秒", "second")):
        if seconds % unit_s == 0:
            count = seconds // unit_s
            return f"{count}{zh}" if language == "zh" else f"{count} {en}{'s'[: count != 1]}"
    raise AssertionError("every whole number of seconds is one of seconds")


def _listed(names: list[str], language: Language) -> str:
    if language == "zh":
        return "、".join(names)
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _chain(levels: tuple[AnswerLevel, ...], language: Language) -> str:
    if language == "zh":
        steps = [f"{level.zh}（{_time(level.after_s, 'zh')}起）" for level in levels[1:]]
        return "、".join([levels[0].zh, *steps])
    steps = [f"after {_time(level.after_s, 'en')} {level.en}" for level in levels[1:]]
    return ", ".join([levels[0].en, *steps])


def _cap_numbers(cap: Cap, currency: str, language: Language) -> dict[str, str]:
    def amount(value: int) -> str:
        return write_amount(value, currency, language)

    if language == "zh":
        levels = [
            f"{level.member_level} 会员为 {amount(level.order_max)}。" for level in cap.levels
        ]
        return {"amount": amount(cap.order_max), "levels": "".join(levels)}
    levels = [
        f"For members of level {level.member_level} it is {amount(level.order_max)}."
        for level in cap.levels
    ]
    return {"amount": amount(cap.order_max), "levels": " ".join(levels)}
