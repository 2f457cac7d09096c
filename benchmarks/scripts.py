"""The scripts that synthetic stories are written in: Latin mostly, four others by letter, Han by character.

A word keeps its number in every script, so whatever is drawn and edited as word numbers holds for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.draws import below, draw, stream_keys

_LATIN = "abcdefghijklmnopqrstuvwxyz"
_PLAIN = str.maketrans("éöü", "eou")
_HAN_SEED = 20230615
_HAN_FIRST, _HAN_CHARACTERS, _HAN_SINGLE = 0x4E00, 6_000, 100
_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS_A_MONTH = 28


@dataclass(frozen=True, slots=True)
class Script:
    """How stories of one script are written. Words go in lower case and come out as the script has them.

    Attributes:
        lang: ISO 639-1, as feeds name it.
        share: of 1,000 events.
        letters: for each of a to z, none where words are written in characters.
        forms: how a word is written in each of `vocabulary.FORMS`, with {} or {cap} for it.
        months: their names in dates, January first; none for months that are numbered.
        date: of {day} and {month}; what follows is a time of day.
        headers, footers: pieces before and after a text.
        prefixes: of the titles of an update, a correction and a live blog.
    """

    lang: str
    share: int
    letters: str
    forms: tuple[str, ...]
    months: tuple[str, ...]
    date: str
    headers: tuple[str, str, str]
    footers: tuple[str, str, str, str]
    prefixes: tuple[str, str, str]

    def write(self, words: Sequence[str], stream: int) -> list[str]:
        """The words in this script, equal ones equally within a stream."""
        if self.lang == "en":
            return list(words)
        if self.letters:
            table = str.maketrans(dict(zip(_LATIN, self.letters, strict=True)))
            return [word.translate(_PLAIN).lower().translate(table) for word in words]
        return [
            word if word[:1].isdigit() else han
            for word, han in zip(words, _in_characters(len(words), stream), strict=True)
        ]

    def dates(self) -> list[str]:
        """All days of a year of months of 28 days."""
        months = self.months or tuple(map(str, range(1, 13)))
        return [self.date.format(day=day, month=month) for month in months for day in range(1, _DAYS_A_MONTH + 1)]


def _in_characters(count: int, stream: int) -> list[str]:
    """Words of two characters, the first hundred of one."""
    keys = stream_keys(_HAN_SEED, stream, np.arange(count, dtype=np.uint64))
    pairs = zip(*(below(draw(keys, k), _HAN_CHARACTERS).tolist() for k in (0, 1)), strict=True)
    words = [chr(_HAN_FIRST + first) + chr(_HAN_FIRST + second) for first, second in pairs]
    return [word[0] if k < _HAN_SINGLE else word for k, word in enumerate(words)]


SPACED = ("{} ", "{cap} ", "{}, ", "{}. ", "{}.", "{}", '\\"{}\\" ')
"""The forms of a script with spaces; quotation marks are JSON-escaped."""

SCRIPTS = (
    Script(
        lang="en",
        share=920,
        letters=_LATIN,
        forms=SPACED,
        months=_ENGLISH_MONTHS,
        date="{month} {day}, ",
        headers=("Breaking news: ", "From our newsroom | ", "Exclusive: "),
        footers=(
            " Read more »",
            " © 2023 All rights reserved.",
            " Sign up for our morning newsletter.",
            " Follow us for more stories like this.",
        ),
        prefixes=("UPDATE 1-", "CORRECTED-", "LIVE: "),
    ),
    Script(
        lang="ru",
        share=25,
        letters="абцдефгхижклмнопщрстувшчыз",
        forms=SPACED,
        months=("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября",
                "ноября", "декабря"),
        date="{day} {month}, ",
        headers=("Срочная новость: ", "От нашей редакции | ", "Эксклюзив: "),
        footers=(" Читать далее »", " © 2023 Все права защищены.", " Подпишитесь на нашу рассылку.",
                 " Следите за нашими новостями."),
        prefixes=("ОБНОВЛЕНО: ", "ИСПРАВЛЕНО: ", "ОНЛАЙН: "),
    ),
    Script(
        lang="el",
        share=10,
        letters="αβξδεφγηιζκλμνοπψρστυωώχύθ",
        forms=SPACED,
        months=("Ιανουαρίου", "Φεβρουαρίου", "Μαρτίου", "Απριλίου", "Μαΐου", "Ιουνίου", "Ιουλίου", "Αυγούστου",
                "Σεπτεμβρίου", "Οκτωβρίου", "Νοεμβρίου", "Δεκεμβρίου"),
        date="{day} {month}, ",
        headers=("Έκτακτη είδηση: ", "Από τη σύνταξη | ", "Αποκλειστικό: "),
        footers=(" Διαβάστε περισσότερα »", " © 2023 Με επιφύλαξη κάθε δικαιώματος.", " Γραφτείτε στο ενημερωτικό μας.",
                 " Ακολουθήστε μας για περισσότερα νέα."),
        prefixes=("ΕΝΗΜΕΡΩΣΗ: ", "ΔΙΟΡΘΩΣΗ: ", "ΖΩΝΤΑΝΑ: "),
    ),
    Script(
        lang="ar",
        share=15,
        letters="ابثدهفغحيجكلمنوظقرستعطصخشز",
        forms=tuple(form.replace(",", "،") for form in SPACED),
        months=("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر",
                "ديسمبر"),
        date="{day} {month}، ",
        headers=("خبر عاجل: ", "من غرفة الأخبار | ", "حصري: "),
        footers=(" اقرأ المزيد »", " © 2023 جميع الحقوق محفوظة.", " اشترك في نشرتنا الصباحية.",
                 " تابعونا لمزيد من الأخبار."),
        prefixes=("تحديث: ", "تصحيح: ", "مباشر: "),
    ),
    Script(
        lang="zh",
        share=30,
        letters="",
        forms=("{}", "{}", "{}，", "{}。", "{}。", "{}", "「{}」"),
        months=(),
        date="{month}月{day}日",
        headers=("突发新闻：", "本报讯 | ", "独家："),
        footers=("阅读全文 »", " © 2023 版权所有。", "订阅我们的早报。", "关注我们，获取更多新闻。"),
        prefixes=("更新：", "更正：", "直播："),
    ),
)  # fmt: skip
"""By number; what a story is written in is decided by its event or template, since a translation is another story."""

HEADERS, FOOTERS, PREFIXES = 3, 4, 3
DATES = 12 * _DAYS_A_MONTH
UPDATE, CORRECTED, LIVE = range(PREFIXES)
