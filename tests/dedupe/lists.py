# ruff: noqa: E501, SIM905, S311 - names stand one culture a paragraph, and chance is only played here
"""Lists of invented people in several languages, with the noise of keyboards, scanners, ears and forms."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

GIVEN = {
    "en": "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph"
    " Jessica Thomas Sarah Charles Karen Daniel Nancy Matthew Lisa Anthony Betty Mark Sandra Donald Ashley Steven"
    " Kimberly Andrew Emily Paul Donna Joshua Michelle Kenneth Carol Kevin Amanda Brian Melissa George Deborah",
    "es": "José María Juan Guadalupe Francisco Margarita Antonio Josefina Jesús Verónica Miguel Leticia Pedro Rosa"
    " Alejandro Francisca Manuel Teresa Carlos Alicia Roberto Carmen Fernando Gabriela Jorge Silvia Luis Martha Óscar"
    " Yolanda Javier Patricia Sergio Ana Ricardo Laura Andrés Lucía Raúl Beatriz",
    "vi": "Anh Bình Châu Dũng Giang Hà Hải Hạnh Hiếu Hoa Hùng Hương Khánh Lan Linh Long Mai Minh Nam Nga Ngọc Nhung Phong"
    " Phương Quang Quân Sơn Tâm Thảo Thắng Thanh Thu Trang Trung Tú Tuấn Vân Việt Xuân Yến",
    "ar": "محمد أحمد علي حسن حسين عمر خالد يوسف إبراهيم عبدالله فاطمة عائشة مريم خديجة زينب ليلى سارة نور هدى سلمى"
    " كريم سعيد طارق ماهر نبيل هاني وليد ياسر رامي سامي",
    "zh": "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀英 霞 平 刚 桂英 志强 建国 建华 文 玉兰 海燕 晓明 国强 婷婷 子涵 浩然 梓萱",
    "id": "Ahmad Siti Muhammad Nur Abdul Sri Dewi Agus Budi Wati Rina Yusuf Hasan Fatma Ismail Aisyah Rahmat Hadija Djafar"
    " Salma Ibrahim Zainab Usman Marwah Idris Halima Arifin Rosna Samsul Asna Karim Yuliana Hamid Satria Ratna Irwan",
}
FAMILY = {
    "en": "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Wilson Anderson Taylor Moore Jackson Martin Lee"
    " Perez Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Torres Hill Green Adams"
    " Nelson Baker Hall Rivera Campbell Mitchell Carter Turner Phillips Parker Evans Edwards Collins Stewart Morris",
    "es": "Hernández García Martínez López González Pérez Rodríguez Sánchez Ramírez Cruz Flores Gómez Morales Vázquez Reyes"
    " Jiménez Torres Díaz Gutiérrez Mendoza Ruiz Aguilar Ortiz Castillo Moreno Romero Álvarez Méndez Chávez Rivera",
    "vi": "Nguyễn Trần Lê Phạm Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý",
    "ar": "العلي الحسن الأحمد الخطيب المصري الشامي الحداد النجار القاضي السعيد الراشد الفارس البكري الزين الحلبي الصالح",
    "zh": "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧",
    "id": "Hasan Lasena Mohamad Pakaya Hulopi Ibrahim Tahir Gobel Botutihe Nento Puluhulawa Abdullah Suleman Rauf Daud Uno"
    " Monoarfa Bouti Katili Habibie Lahay Otoluwa Yasin Napu Dunggio Biga",
}
STREETS = (
    "Oak Hill River Station Church Market Garden Lake North South Mill School Bridge Park Forest Castle Spring".split()
)
TOWNS = (
    "Alden Burwick Corfe Dunmore Elstow Farley Grantham Hexham Ilkley Jarrow Kelso Lydney Malton Norwood Oakham".split()
)
KEYS = {"a": "sq", "e": "wr", "i": "uo", "o": "ip", "s": "ad", "n": "bm", "r": "et", "t": "ry", "l": "k", "m": "n"}
SCAN = {"o": "0", "l": "1", "i": "1", "s": "5", "b": "6", "g": "9", "m": "rn", "e": "c", "B": "8", "O": "0", "S": "5"}
SOUND = [("ph", "f"), ("ck", "k"), ("y", "i"), ("z", "s"), ("ee", "i"), ("c", "k"), ("v", "w"), ("th", "t"), ("d", "t")]


@dataclass(frozen=True)
class Noise:
    """Chance that each of these happens to a field (or row) of a second mention."""

    slip: float = 0.15
    scan: float = 0.03
    sound: float = 0.05
    missing: float = 0.05
    swapped_names: float = 0.03
    day_month: float = 0.02
    moved: float = 0.05


def _slip(r: random.Random, text: str) -> str:
    if not text:
        return text
    at = r.randrange(len(text))
    kind = r.randrange(4)
    if kind == 0 and len(text) > 2:
        return text[:at] + text[at + 1 :]
    if kind == 1 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    alphabet = "0123456789" if text[at].isdigit() else KEYS.get(text[at].lower(), "aeiou") if text.isascii() else text
    other = r.choice(alphabet)
    return text[:at] + other + text[at + 1 :] if kind == 2 else text[:at] + other + text[at:]


def _scanned(r: random.Random, text: str) -> str:
    return "".join(SCAN.get(c, c) if r.random() < 0.3 else c for c in text)


def _heard(r: random.Random, text: str) -> str:
    for one, two in r.sample(SOUND, len(SOUND)):
        if one in text:
            return text.replace(one, two, 1)
    return text


def person(r: random.Random, language: str, family: dict[str, str] | None = None) -> dict[str, str]:
    """One person; of a family if one is given."""
    born = date(1935, 1, 1) + timedelta(days=r.randrange(80 * 365))
    home = family or {
        "surname": r.choice(FAMILY[language].split()),
        "address": f"{r.choice(STREETS)} {r.choice(['Street', 'Road', 'Lane', 'Way'])}",
        "street_number": str(r.randrange(1, 200)),
        "suburb": (town := r.choice(TOWNS)),
        "postcode": str(1000 + TOWNS.index(town) * 37),
        "phone": "0" + str(r.randrange(10**8, 10**9)),
    }
    keep = ("surname", "address", "street_number", "suburb", "postcode", "phone")
    return {
        "given_name": r.choice(GIVEN[language].split()),
        **{k: home[k] for k in keep},
        "date_of_birth": born.isoformat(),
        "sex": r.choice("MF"),
        "national_id": str(r.randrange(10**8, 10**9)),
    }


def mention(r: random.Random, one: dict[str, str], noise: Noise, language: str) -> dict[str, str]:
    """The person as somebody else wrote them down."""
    row = dict(one)
    if r.random() < noise.moved:
        row |= {k: v for k, v in person(r, language).items() if k in ("address", "street_number", "suburb", "postcode")}
    if r.random() < noise.swapped_names:
        row["given_name"], row["surname"] = row["surname"], row["given_name"]
    if r.random() < noise.day_month and int(row["date_of_birth"][8:]) <= 12:
        y, m, d = row["date_of_birth"].split("-")
        row["date_of_birth"] = f"{y}-{d}-{m}"
    for key, value in row.items():
        x = r.random()
        if x < noise.missing:
            row[key] = ""
        elif x < noise.missing + noise.slip and key != "sex":
            row[key] = _slip(r, value)
        elif x < noise.missing + noise.slip + noise.scan and key != "sex":
            row[key] = _scanned(r, value)
        elif x < noise.missing + noise.slip + noise.scan + noise.sound and key in ("given_name", "surname"):
            row[key] = _heard(r, value)
    return row


def people(
    n: int,
    *,
    language: str = "en",
    rows: tuple[int, ...] = (1, 1, 1, 2),
    noise: Noise | None = None,
    members: int = 1,
    seed: int = 7,
) -> list[dict[str, str]]:
    """Rows of ``n`` persons, shuffled, each with its number in ``who``; families of ``members``."""
    r = random.Random(seed)
    noise = noise or Noise()
    made: list[dict[str, str]] = []
    home: dict[str, str] | None = None
    for who in range(n):
        home = None if who % members == 0 else home
        one = person(r, language, home)
        home = one
        made.append(one | {"who": str(who)})
        made += [mention(r, one, noise, language) | {"who": str(who)} for _ in range(r.choice(rows) - 1)]
    r.shuffle(made)
    return made
