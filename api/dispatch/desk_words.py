"""What does a dispatcher read where he gives commands, in Chinese and in English?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.words import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskWords:
    """All that the desk says in one language. Braces are filled in."""

    title: str
    back: str
    by: str
    order: str
    show: str
    unknown: str
    planned: str
    due: str
    unplanned: str
    choose: str
    vehicle: str
    until: str
    again: str
    said_title: str
    said_none: str
    kinds: Mapping[str, str]  # what a button says
    means: Mapping[str, str]
    told: Mapping[str, str]  # what was said, in the list
    accepted: str
    accepted_free: str
    accepted_as_it_is: str
    refused: str
    waiting: str
    refusals: Mapping[str, str]
    nobody: str


ENGLISH: Final = DeskWords(
    title="Commands",
    back="Back to the console",
    by="in the name of {by}, until {time}",
    order="Order",
    show="Show",
    unknown="This city has no order {order} to deliver.",
    planned="{vehicle} brings it at {time}, as plan {version} has it.",
    due="It is promised until {time}.",
    unplanned="Plan {version} does not bring it.",
    choose="Give the id of an order to command.",
    vehicle="Vehicle",
    until="Not before",
    again="Look again",
    said_title="What was said last",
    said_none="Nothing was said yet.",
    kinds={
        "pin": "Pin",
        "move": "Move",
        "hold": "Hold",
        "release": "Release",
        "undo": "Undo",
    },
    means={
        "pin": "This vehicle brings it, until it is released.",
        "move": "This vehicle brings it now; a later plan may change that.",
        "hold": "It is not brought before then.",
        "release": "Its pin and its hold end.",
    },
    told={
        "pin": "{order} stays on {vehicle}",
        "move": "{order} goes to {vehicle}",
        "hold": "{order} waits until {time}",
        "release": "{order} is released",
        "undo": "what made plan {undo} is taken back",
    },
    accepted="Done in plan {version}: {price}.",
    accepted_free="Done in plan {version}; it costs nothing more.",
    accepted_as_it_is="Done; the plan stays as it is.",
    refused="Refused: {reason}",
    waiting="Not decided yet.",
    refusals={
        "stale-plan": "The plan has changed meanwhile; nothing was done. Here it stands anew.",
        "not-found": "There is no such order or vehicle here; nothing was done.",
        "bad-query": "That time is over, or more than 7 days ahead; nothing was done.",
        "malformed": "Something is missing or can't be read; nothing was done.",
        "already-exists": "Something else was said under this id; nothing was done.",
    },
    nobody="No dispatcher runs for this city: it is decided once one does.",
)

CHINESE: Final = DeskWords(
    title="调度指令",
    back="返回调度台",
    by="以 {by} 的名义，有效至 {time}",
    order="订单",
    show="查看",
    unknown="本城市没有待配送的订单 {order}。",
    planned="按计划 {version}，由 {vehicle} 于 {time} 送达。",
    due="承诺 {time} 前送达。",
    unplanned="计划 {version} 未排入该订单。",
    choose="请输入订单号。",
    vehicle="车辆",
    until="不早于",
    again="刷新",
    said_title="最近的指令",
    said_none="尚无指令。",
    kinds={
        "pin": "固定",
        "move": "改派",
        "hold": "暂缓",
        "release": "解除",
        "undo": "撤销",
    },
    means={
        "pin": "由该车配送，直到解除。",
        "move": "现在由该车配送；之后的计划可以再变。",
        "hold": "在此之前不配送。",
        "release": "结束固定与暂缓。",
    },
    told={
        "pin": "{order} 固定在 {vehicle}",
        "move": "{order} 改派到 {vehicle}",
        "hold": "{order} 暂缓至 {time}",
        "release": "{order} 已解除",
        "undo": "撤销计划 {undo} 的指令",
    },
    accepted="已执行，计划 {version}：{price}。",
    accepted_free="已执行，计划 {version}；不增加成本。",
    accepted_as_it_is="已执行；计划不变。",
    refused="未执行：{reason}",
    waiting="尚未决定。",
    refusals={
        "stale-plan": "计划已变化，未执行。以下为最新情况。",
        "not-found": "没有这个订单或车辆，未执行。",
        "bad-query": "该时间已过，或在 7 天以后，未执行。",
        "malformed": "内容不完整或无法识别，未执行。",
        "already-exists": "该编号已用于其他指令，未执行。",
    },
    nobody="本城市没有调度进程在运行：启动后才会决定。",
)

DESK_WORDS: Final[Mapping[Language, DeskWords]] = {
    Language.ENGLISH: ENGLISH,
    Language.CHINESE: CHINESE,
}
