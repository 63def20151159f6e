"""What does the member read, in Chinese and in English?

Each language is one value with every word in it: a word that is missing fails the type check, not
the member. States are said in plain words, never by colour alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.curve import Policy, Verdict, verdict_of
from schemas.events import Side
from schemas.reading import Zone


class Language(StrEnum):
    """A language of the member's page."""

    ENGLISH = "en"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All that the page and the chart say in one language. Braces are filled in."""

    tag: str  # BCP 47
    other_language: str
    title: str
    order: str
    due: str
    overdue: str
    expected: str
    expected_late: str
    zones: Mapping[Zone, str]
    milestones: Mapping[str, str]
    verdicts: Mapping[Verdict, str]
    # The whole order in a sentence.
    all_in_range: str
    some_out: str
    some_unknown: str
    nothing_yet: str
    packed_waiting: str
    delivered_in_range: str
    delivered_otherwise: str
    some_were_out: str
    cancelled: str
    went_back: Mapping[str, str]  # by the step that ended the journey
    # One consignment.
    range_both: str
    range_upper: str
    range_lower: str
    range_label: str
    lowest: str
    highest: str
    measured_by_box: str
    measured_by_place: str
    waiting: str
    waiting_long: str
    at_the_end: str
    gaps_one: str
    gaps_many: str
    gap_over: str
    gap_open: str
    place_note: str
    # Excursions, by their side.
    extremes: Mapping[Side, str]
    excursion_over: str
    excursion_open: str
    excursion_lost: str
    excursion_elsewhere: str
    excursions_more: str
    watched: str
    duration_minutes: str
    duration_hours: str
    # Compensation, by what a cause begins with.
    payback_title: str
    payback_causes: Mapping[str, str]
    payback_of_box: str
    payback_states: Mapping[str, str]
    payback_clause: str
    # Ages, also counted on by the page's script.
    age_now: str
    age_seconds: str
    age_minutes: str
    age_hours: str
    age_days: str
    # The chart.
    chart_title: str
    chart_span: str
    chart_extremes: str
    chart_newest: str
    chart_empty: str
    now: str
    no_data: str
    # The rest of the page.
    times_in: str
    valid_until: str
    live_on: str
    live_off: str
    refused_title: str
    refused: str
    back_soon_title: str
    back_soon: str
    language_label: str
    journey_label: str


ENGLISH: Final = Words(
    tag="en",
    other_language="中文",
    title="Your delivery",
    order="Order",
    due="Due by {time}",
    overdue="Due by {time}: we are late. We are sorry.",
    expected="Expected at {time}",
    expected_late="Expected at {time}, later than we promised. We are sorry.",
    zones={Zone.FROZEN: "Frozen", Zone.CHILLED: "Chilled", Zone.AMBIENT: "Cool & dry"},
    milestones={
        "placed": "Ordered",
        "packed": "Packed",
        "departed": "On its way",
        "arrived": "Arriving",
        "delivered": "Delivered",
        "cancelled": "Cancelled",
    },
    verdicts={
        Verdict.IN_RANGE: "In range",
        Verdict.TOO_WARM: "Too warm",
        Verdict.TOO_COLD: "Too cold",
        Verdict.UNKNOWN: "No recent reading",
    },
    all_in_range="Everything is at the right temperature.",
    some_out="Outside the range now: {count} of {total} boxes.",
    some_unknown="No recent reading from {count} of {total} boxes.",
    nothing_yet="Temperatures appear here once your goods are packed.",
    packed_waiting="Packed. The first reading is on its way.",
    delivered_in_range="Delivered, at the right temperature all the way.",
    delivered_otherwise="Delivered. The temperatures of the journey stand below.",
    some_were_out="In range now. Outside the range on the way: {count} of {total} boxes.",
    cancelled="This order was cancelled at {time}.",
    went_back={
        "refused": "This order was not accepted, and goes back.",
        "returned": "This order went back.",
    },
    range_both="{lower} to {upper} °C",
    range_upper="{upper} °C or colder",
    range_lower="{lower} °C or warmer",
    range_label="Range",
    lowest="Lowest",
    highest="Highest",
    measured_by_box="Measured inside your box",
    measured_by_place="Measured in {place}, where your box stands",
    waiting="No reading yet",
    waiting_long="The thermometer is in your box.",
    at_the_end="at the end of the journey",
    gaps_one="For one stretch there are no readings: there the temperature is unknown.",
    gaps_many="For {count} stretches there are no readings: there the temperature is unknown.",
    gap_over="No readings from {start} to {end}: there the temperature is unknown.",
    gap_open="No readings since {start}: there the temperature is unknown.",
    place_note="Dashed: measured in {places}, while the box itself was silent.",
    extremes={"upper": "up to {c}\u00a0°C", "lower": "down to {c}\u00a0°C"},
    excursion_over="{verdict} from {start} to {end} ({duration}), {extreme}.",
    excursion_open="{verdict} since {start} ({duration}), {extreme}.",
    excursion_lost="{verdict} from {start}, {extreme}; then the thermometer fell silent.",
    excursion_elsewhere=" Measured where your box stood, not inside it.",
    excursions_more="Earlier times outside the range: {count}.",
    watched="We are keeping an eye on this box.",
    duration_minutes="{minutes} min",
    duration_hours="{hours} h {minutes} min",
    payback_title="Your compensation",
    payback_causes={
        "spoiled": "Goods outside the right temperature",
        "late": "Late delivery",
        "complaint": "Your complaint",
    },
    payback_of_box="{zone} · {cause}",
    payback_states={
        "decided": "You get {amount}.",
        "review": "Under review: a person is looking at it. You need not do anything.",
        "rejected": "A person has looked at it: nothing is due.",
        "corrected": "Corrected: new facts show that nothing is due.",
    },
    payback_clause="Rule {number}: {text}",
    age_now="just now",
    age_seconds="{n} s ago",
    age_minutes="{n} min ago",
    age_hours="{n} h ago",
    age_days="{n} d ago",
    chart_title="{zone}: temperature of consignment {name}",
    chart_span="From {start} to {end}.",
    chart_extremes="Lowest {lowest} °C, highest {highest} °C.",
    chart_newest="Newest reading {temperature} °C at {time}: {verdict}.",
    chart_empty="No readings yet.",
    now="now",
    no_data="no data",
    times_in="Times are in {zone}.",
    valid_until="This page is valid until {time}.",
    live_on="Live",
    live_off="Connecting …",
    refused_title="This link is not valid",
    refused="It may have expired, or been copied only in part. Please ask for a new one.",
    back_soon_title="Back soon",
    back_soon="We cannot show your delivery just now. This page tries again by itself.",
    language_label="Language",
    journey_label="Journey",
)

CHINESE: Final = Words(
    tag="zh-CN",
    other_language="English",
    title="您的配送",
    order="订单",
    due="预计 {time} 前送达",
    overdue="应于 {time} 前送达，现已延误，非常抱歉。",
    expected="预计 {time} 送达",
    expected_late="预计 {time} 送达，晚于承诺时间，非常抱歉。",
    zones={Zone.FROZEN: "冷冻", Zone.CHILLED: "冷藏", Zone.AMBIENT: "阴凉常温"},
    milestones={
        "placed": "已下单",
        "packed": "已打包",
        "departed": "配送中",
        "arrived": "即将送达",
        "delivered": "已送达",
        "cancelled": "已取消",
    },
    verdicts={
        Verdict.IN_RANGE: "温度正常",
        Verdict.TOO_WARM: "温度偏高",
        Verdict.TOO_COLD: "温度偏低",
        Verdict.UNKNOWN: "暂无最新读数",
    },
    all_in_range="全部商品温度正常。",
    some_out="{total} 个保温箱中有 {count} 个超出温度范围。",
    some_unknown="{total} 个保温箱中有 {count} 个暂无最新读数。",
    nothing_yet="商品打包后，这里会显示温度。",
    packed_waiting="已打包，首个读数即将到达。",
    delivered_in_range="已送达，全程温度正常。",
    delivered_otherwise="已送达，行程温度见下方。",
    some_were_out="目前温度正常；途中 {total} 个保温箱中有 {count} 个曾超出温度范围。",
    cancelled="订单已于 {time} 取消。",
    went_back={"refused": "订单已被拒收，商品将退回。", "returned": "订单商品已退回。"},
    range_both="{lower} 至 {upper} °C",
    range_upper="{upper} °C 及以下",
    range_lower="{lower} °C 及以上",
    range_label="温度范围",
    lowest="最低",
    highest="最高",
    measured_by_box="箱内温度计测得",
    measured_by_place="由保温箱所在的 {place} 测得",
    waiting="尚无读数",
    waiting_long="温度计已放入保温箱。",
    at_the_end="行程结束时",
    gaps_one="有一段时间没有读数，该段温度未知。",
    gaps_many="有 {count} 段时间没有读数，这些时段温度未知。",
    gap_over="{start} 至 {end} 没有读数，该段温度未知。",
    gap_open="{start} 起没有读数，此后温度未知。",
    place_note="虚线：箱内温度计无信号时，由 {places} 测得。",
    extremes={"upper": "最高 {c}\u00a0°C", "lower": "最低 {c}\u00a0°C"},
    excursion_over="{start} 至 {end}（{duration}）{verdict}，{extreme}。",
    excursion_open="{start} 起{verdict}，已持续 {duration}，{extreme}。",
    excursion_lost="{start} 起{verdict}，{extreme}，随后温度计失去信号。",
    excursion_elsewhere="由保温箱所在位置测得，非箱内温度。",
    excursions_more="此前还有 {count} 次。",
    watched="我们正在密切关注此保温箱。",
    duration_minutes="{minutes} 分钟",
    duration_hours="{hours} 小时 {minutes} 分钟",
    payback_title="您的赔付",
    payback_causes={"spoiled": "商品温度异常", "late": "配送延误", "complaint": "您的投诉"},
    payback_of_box="{zone}：{cause}",
    payback_states={
        "decided": "赔付{amount}。",
        "review": "审核中：工作人员正在核实，您无需操作。",
        "rejected": "工作人员已核实：不予赔付。",
        "corrected": "已更正：新的情况表明无需赔付。",
    },
    payback_clause="条款 {number}：{text}",
    age_now="刚刚",
    age_seconds="{n} 秒前",
    age_minutes="{n} 分钟前",
    age_hours="{n} 小时前",
    age_days="{n} 天前",
    chart_title="{zone}：{name} 的温度曲线",
    chart_span="{start} 至 {end}。",
    chart_extremes="最低 {lowest} °C，最高 {highest} °C。",
    chart_newest="最新读数 {temperature} °C（{time}）：{verdict}。",
    chart_empty="尚无读数。",
    now="现在",
    no_data="无数据",
    times_in="时间均为 {zone} 时区。",
    valid_until="本页面有效期至 {time}。",
    live_on="实时",
    live_off="连接中…",
    refused_title="链接无效",
    refused="链接可能已过期，或复制不完整。请重新获取链接。",
    back_soon_title="稍后恢复",
    back_soon="暂时无法显示您的配送信息，本页面会自动重试。",
    language_label="语言",
    journey_label="配送进度",
)

WORDS: Final[Mapping[Language, Words]] = {Language.ENGLISH: ENGLISH, Language.CHINESE: CHINESE}


def degrees(temperature_c: float) -> str:
    """Write a temperature with one decimal and a true minus sign."""
    rounded = round(temperature_c, 1) + 0.0  # no "-0.0"
    return f"{rounded:.1f}".replace("-", "−")


def degrees_under(temperature_c: float, policy: Policy) -> str:
    """Write a temperature so that one beyond a limit does not look like the limit itself.

    4.04 °C is above 4 °C: it keeps its second decimal.
    """
    if verdict_of(round(temperature_c, 1), policy) is verdict_of(temperature_c, policy):
        return degrees(temperature_c)
    return f"{temperature_c:.2f}".replace("-", "−")


def limit(temperature_c: float) -> str:
    """Write a limit as briefly as it can be."""
    return f"{round(temperature_c, 2):g}".replace("-", "−")


def range_words(policy: Policy, words: Words) -> str:
    """Say a policy's range."""
    if policy.lower_c is None:
        return words.range_upper.format(upper=limit(policy.upper_c or 0.0))
    if policy.upper_c is None:
        return words.range_lower.format(lower=limit(policy.lower_c))
    return words.range_both.format(lower=limit(policy.lower_c), upper=limit(policy.upper_c))


def duration_words(duration_s: float, words: Words) -> str:
    """Say how long something lasted, to the minute, and at least one."""
    hours, minutes = divmod(max(round(duration_s / 60), 1), 60)
    if hours == 0:
        return words.duration_minutes.format(minutes=minutes)
    return words.duration_hours.format(hours=hours, minutes=minutes)


def age_words(age_s: float, words: Words) -> str:
    """Say how long ago something was."""
    for least_s, unit_s, phrase in (
        (172_800, 86_400, words.age_days),
        (7_200, 3_600, words.age_hours),
        (120, 60, words.age_minutes),
        (5, 1, words.age_seconds),
    ):
        if age_s >= least_s:
            return phrase.format(n=int(age_s // unit_s))
    return words.age_now
