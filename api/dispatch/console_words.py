"""What does a dispatcher read, in Chinese and in English?

As in `api.words`, each language is one value. What planners wrote (reasons, remedies) is shown in
their own words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.words import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleWords:
    """All that the console says in one language. Braces are filled in."""

    title: str
    plan: str
    no_plan: str
    nobody: str
    all_well: str
    late: str
    at_risk: str
    figures: Mapping[str, str]
    map_title: str
    map_says: str
    legend: Mapping[str, str]
    warnings_title: str
    warnings_none: str
    unserved_title: str
    unserved_none: str
    remedy: str
    rescues_title: str
    rescues_none: str
    vehicles_title: str
    changes_title: str
    changes_none: str
    disruptions_title: str
    pins_title: str
    columns: Mapping[str, str]
    due_at: str
    expected_at: str
    more: str
    kinds: Mapping[str, str]
    roles: Mapping[str, str]
    states: Mapping[str, str]
    actions: Mapping[str, str]
    causes: Mapping[str, str]
    whats: Mapping[str, str]
    disruptions: Mapping[str, str]
    zones: Mapping[str, str]
    outlooks: Mapping[str, str]
    pin: str
    hold: str
    chosen: str
    spoils: str
    until: str
    open_end: str
    unseen: str
    extra_cost: str
    saved_cost: str
    reasons: Mapping[str, str]  # of a version; others are shown as they are
    details: Mapping[str, str]  # of a disruption, by kind
    weathers: Mapping[str, str]
    all_rooms: str


ENGLISH: Final = ConsoleWords(
    title="Dispatch",
    plan="Plan {version}, made {time} in {ms} ms: {reason}",
    no_plan="There is no plan yet.",
    nobody="No dispatcher runs for this city: nothing changes until one does.",
    all_well="Everything is on time.",
    late="{n} late",
    at_risk="{n} at risk",
    figures={
        "to_come": "to deliver",
        "late": "late",
        "at_risk": "at risk",
        "unserved": "left behind",
        "asking": "without an answer",
        "out": "vehicles with orders",
    },
    map_title="Map",
    map_says="{vehicles} vehicles and {stops} stops to come; the tables say the same in words.",
    legend={
        "depot": "depot",
        "locker": "locker",
        "vehicle": "vehicle",
        "on_time": "on time",
        "at_risk": "at risk",
        "late": "late",
    },
    warnings_title="Late and at risk",
    warnings_none="No order is late or at risk.",
    unserved_title="Left behind",
    unserved_none="Every order is planned.",
    remedy="Would help:",
    rescues_title="Boxes in question",
    rescues_none="No box became a question.",
    vehicles_title="Vehicles",
    changes_title="What changed",
    changes_none="Nothing has changed yet.",
    disruptions_title="Disruptions",
    pins_title="Pins and holds",
    columns={
        "vehicle": "Vehicle",
        "state": "Now",
        "load": "Load",
        "cold": "Compartments",
        "next": "Next stop",
        "left": "Stops left",
        "order": "Order",
        "due": "Promised",
        "expected": "Expected",
    },
    due_at="promised {time}",
    expected_at="{time} ({earliest}–{latest})",
    more="and {n} more",
    kinds={"van": "van", "tricycle": "tricycle", "courier": "courier", "carrier": "carrier"},
    roles={"regular": "", "relay": "relay", "reserve": "reserve"},
    states={
        "off": "off shift",
        "later": "from {time}",
        "free": "free",
        "out": "{n} aboard",
        "breakdown": "broken down",
        "cooling_failed": "cooling failed",
        "delay": "delayed",
    },
    actions={
        "keep": "go on as planned",
        "bring_forward": "bring it forward",
        "swap": "swap to a colder vehicle",
        "relay": "send the relay",
        "return": "return it",
        "accept": "accept and compensate",
    },
    causes={
        "forecast": "it is warming",
        "cooling_failed": "the cooling failed",
        "breakdown": "the vehicle broke down",
    },
    whats={
        "planned": "planned",
        "moved": "moved",
        "resequenced": "in another order",
        "delayed": "later",
        "earlier": "earlier",
        "dropped": "left behind",
        "done": "done",
    },
    disruptions={
        "weather": "Weather",
        "road_closed": "Road closed",
        "breakdown": "Breakdown",
        "delay": "Delay",
        "cooling_failed": "Cooling failed",
    },
    zones={"frozen": "frozen", "chilled": "chilled", "ambient": "ambient"},
    outlooks={"on_time": "on time", "at_risk": "at risk", "late": "late"},
    pin="{order} stays on {vehicle}",
    hold="{order} waits until {time}",
    chosen="Chosen",
    spoils="spoils with {percent} %",
    until="until {time}",
    open_end="until it is ended",
    unseen="never seen",
    extra_cost="costs {amount} more",
    saved_cost="costs {amount} less",
    reasons={
        "first": "the first",
        "orders": "new orders",
        "at_risk": "boxes at risk",
        "late": "a vehicle runs late",
        "cancelled": "an order was cancelled",
        "fleet": "another fleet",
        "command": "a dispatcher's command",
        "progress": "the day went on",
        "weather": "weather",
        "road_closed": "a closed road",
        "breakdown": "a breakdown",
        "delay": "a delay",
        "cooling_failed": "failed cooling",
    },
    details={
        "weather": "{weather}: speed {speed_percent} %, {extra_service_s} s longer at each stop, "
        "boxes hold {hold_percent} %",
        "road_closed": "within {radius_m} m of {lat_deg}, {lon_deg}",
        "delay": "{delay_min} min",
        "cooling_failed": "{zone}",
    },
    weathers={"rain": "rain", "storm": "storm", "snow": "snow", "heat": "heat"},
    all_rooms="all compartments",
)

CHINESE: Final = ConsoleWords(
    title="调度台",
    plan="计划 {version}，{time} 生成，用时 {ms} 毫秒：{reason}",
    no_plan="尚无计划。",
    nobody="本城市没有调度进程在运行：在启动之前，计划不会变化。",
    all_well="全部准时。",
    late="{n} 单迟到",
    at_risk="{n} 单有风险",
    figures={
        "to_come": "待送达",
        "late": "迟到",
        "at_risk": "有风险",
        "unserved": "未排入",
        "asking": "待答复",
        "out": "载货车辆",
    },
    map_title="地图",
    map_says="{vehicles} 辆车，{stops} 个待到站点；表格中有同样的文字说明。",
    legend={
        "depot": "前置仓",
        "locker": "自提柜",
        "vehicle": "车辆",
        "on_time": "准时",
        "at_risk": "有风险",
        "late": "迟到",
    },
    warnings_title="迟到与风险",
    warnings_none="没有迟到或有风险的订单。",
    unserved_title="未排入的订单",
    unserved_none="所有订单均已排入。",
    remedy="解决办法：",
    rescues_title="待处置的保温箱",
    rescues_none="没有需要处置的保温箱。",
    vehicles_title="车辆",
    changes_title="最近变化",
    changes_none="尚无变化。",
    disruptions_title="突发情况",
    pins_title="固定与暂缓",
    columns={
        "vehicle": "车辆",
        "state": "当前",
        "load": "装载",
        "cold": "车厢温度",
        "next": "下一站",
        "left": "剩余站点",
        "order": "订单",
        "due": "承诺",
        "expected": "预计",
    },
    due_at="承诺 {time}",
    expected_at="{time}（{earliest}–{latest}）",
    more="另有 {n} 条",
    kinds={"van": "厢式车", "tricycle": "三轮车", "courier": "骑手", "carrier": "外协车"},
    roles={"regular": "", "relay": "应急", "reserve": "备用"},
    states={
        "off": "不在班",
        "later": "{time} 上班",
        "free": "空闲",
        "out": "车上 {n} 单",
        "breakdown": "故障",
        "cooling_failed": "制冷失效",
        "delay": "延误",
    },
    actions={
        "keep": "按原计划",
        "bring_forward": "提前送达",
        "swap": "换到更冷的车",
        "relay": "派应急车",
        "return": "退回",
        "accept": "接受并赔付",
    },
    causes={
        "forecast": "正在升温",
        "cooling_failed": "制冷失效",
        "breakdown": "车辆故障",
    },
    whats={
        "planned": "排入",
        "moved": "换车",
        "resequenced": "换序",
        "delayed": "推迟",
        "earlier": "提前",
        "dropped": "未排入",
        "done": "完成",
    },
    disruptions={
        "weather": "天气",
        "road_closed": "道路封闭",
        "breakdown": "车辆故障",
        "delay": "延误",
        "cooling_failed": "制冷失效",
    },
    zones={"frozen": "冷冻", "chilled": "冷藏", "ambient": "恒温"},
    outlooks={"on_time": "准时", "at_risk": "有风险", "late": "迟到"},
    pin="{order} 固定在 {vehicle}",
    hold="{order} 暂缓至 {time}",
    chosen="采用",
    spoils="变质概率 {percent}%",
    until="至 {time}",
    open_end="直到解除",
    unseen="尚无定位",
    extra_cost="多花 {amount}",
    saved_cost="省下 {amount}",
    reasons={
        "first": "首次",
        "orders": "新订单",
        "at_risk": "保温箱有风险",
        "late": "车辆晚点",
        "cancelled": "订单取消",
        "fleet": "车队变动",
        "command": "调度指令",
        "progress": "定时更新",
        "weather": "天气",
        "road_closed": "道路封闭",
        "breakdown": "车辆故障",
        "delay": "延误",
        "cooling_failed": "制冷失效",
    },
    details={
        "weather": "{weather}：车速 {speed_percent}%，每站多 {extra_service_s} 秒，"
        "保温时长 {hold_percent}%",
        "road_closed": "{lat_deg}, {lon_deg} 周围 {radius_m} 米",
        "delay": "{delay_min} 分钟",
        "cooling_failed": "{zone}",
    },
    weathers={"rain": "雨", "storm": "暴风雨", "snow": "雪", "heat": "高温"},
    all_rooms="全部车厢",
)

CONSOLE_WORDS: Final[Mapping[Language, ConsoleWords]] = {
    Language.ENGLISH: ENGLISH,
    Language.CHINESE: CHINESE,
}
