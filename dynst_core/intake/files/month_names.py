"""Months by name and day in words, as dates of several languages write them."""

from __future__ import annotations

import re

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januar january janvier janv januari enero ene gennaio gen janeiro stycznia sty "
            "styczeń ledna leden tammikuuta tammikuu января янв январь ocak",
            "feb februar february février fevrier févr fevr fév februari febrero febbraio "
            "fevereiro fev lutego lut luty února únor helmikuuta helmikuu февраля фев февраль "
            "şubat",
            "mar mär märz maerz mrz march marzo mars maart mrt março marco marts marca marzec "
            "března březen maaliskuuta maaliskuu марта мар март mart",
            "apr april abril abr avril avr aprile kwietnia kwi kwiecień dubna duben huhtikuuta "
            "huhtikuu апреля апр апрель nisan",
            "may mai mayo mei maggio mag maio maj maja května květen toukokuuta toukokuu мая май "
            "mayıs",
            "jun juni june junio juin giugno giu junho czerwca cze czerwiec června červen "
            "kesäkuuta kesäkuu июня июн июнь haziran",
            "jul juli july julio juillet juil luglio lug julho lipca lip lipiec července červenec "
            "heinäkuuta heinäkuu июля июл июль temmuz",
            "aug august agosto ago aout août augustus augusti sierpnia sie sierpień srpna srpen "
            "elokuuta elokuu августа авг август ağustos",
            "sep sept september septiembre septembre settembre set setembro września wrz wrzesień "
            "září syyskuuta syyskuu сентября сен сент сентябрь eylül",
            "oct okt oktober october octubre octobre ottobre ott outubro out października paź "
            "październik října říjen lokakuuta lokakuu октября окт октябрь ekim",
            "nov november noviembre novembre novembro listopadu marraskuuta marraskuu ноября ноя "
            "нояб ноябрь kasım",
            "dec dez dezember december diciembre decembre décembre déc dic dicembre dezembro des "
            "desember grudnia gru grudzień prosince prosinec joulukuuta joulukuu декабря дек "
            "декабрь aralık",
        ),
        start=1,
    )
    for name in names.split()
}
"""Names and short forms of months. "listopada" is left out: October in one language, November in
another."""

NAMED = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|[ºª°])?[-. /]*(?:de[l]?\s+)?([^\W\d]{3,12})\.?,?[-., /]*"
    r"(?:de[l]?\s+)?(\d{4}|\d{2})(?!\d)(?:\s?г\.?)?"
)
"""A day, a month by name and a year, as "1. März 2024", "01-mars-2024", "1 de marzo de 2024"."""

NAMED_FIRST = re.compile(r"([^\W\d]{3,12})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")

DAY_SIGNS = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]\s?")
CLOCK_SIGNS = re.compile(r"(\d{1,2})\s?[時时시点]\s?(?:(\d{1,2})\s?[分분])?")


def without_signs(text: str) -> str:
    """A time with the signs for year, month, day, hour and minute as numbers alone."""
    if text.isascii():
        return text
    text = DAY_SIGNS.sub(r"\1-\2-\3 ", text)
    return CLOCK_SIGNS.sub(lambda found: f"{found[1]}:{(found[2] or '00').zfill(2)}", text).strip()
