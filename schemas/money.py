"""How are amounts reckoned and written? They are integers in the currency's smallest unit."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Currency:
    """How a currency is written; `decimals` as ISO 4217 has them."""

    decimals: int
    zh: str
    en: str


CURRENCIES: Final = MappingProxyType(
    {
        "CNY": Currency(2, "元", "yuan"),
        "HKD": Currency(2, "港元", "Hong Kong dollars"),
        "EUR": Currency(2, "欧元", "euros"),
        "USD": Currency(2, "美元", "US dollars"),
        "JPY": Currency(0, "日元", "yen"),
    }
)


def share_of(value: int, per_mille: int) -> int:
    """Return so many per mille of an amount; a half is rounded up, in the member's favour."""
    return (value * per_mille + 500) // 1000


def write_amount(amount: int, currency: str, language: Language) -> str:
    """Return an amount of a known currency in words: 2050 fen are "20.50 yuan"."""
    written = CURRENCIES[currency]
    unit = 10**written.decimals
    whole, rest = divmod(amount, unit)
    number = f"{whole}.{rest:0{written.decimals}}" if rest else f"{whole}"
    return f"{number}{written.zh}" if language == "zh" else f"{number} {written.en}"
