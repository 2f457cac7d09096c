"""The known traps of news feeds, each with stories written for it: what must stay apart, and what must stay one."""

from __future__ import annotations

import pytest

from dedup import Settings, find_duplicates
from tests.builders import at, batch

CORN = (
    "The agriculture ministry said exporters reported the sale of {} tonnes of corn to {} for delivery in the coming "
    "season. The grain will be loaded at the northern ports from September on, the ministry said in its daily notice."
)
RESULTS = (
    "{} said {} that net profit for the third quarter rose to {} million crowns from {} million a year earlier, helped "
    "by higher volumes and lower freight costs. The board kept its outlook for the full year unchanged."
)
WALL = (
    "You have read all of your free articles this month. To go on reading please log in or take out a subscription. "
    "Subscribers get every story, the crossword and our evening letter on all their devices for one low price."
)
FERRY = (
    "{} people died and dozens were taken to hospital when the ferry Aurora capsized in heavy seas off the island of "
    "Kvaloy on Monday night, the coast guard said. Rescue boats were still searching the strait for survivors at dawn."
)
PAYOUT = (
    "Monthly dividend 7.1 crowns against 7.1 crowns before, payable March 31 to holders of record on March 16. Note: "
    "the full name is Skandia {} Income Fund."
)
COUNCIL = (
    "The town council of Hellvik voted on Tuesday to close the old tram line and put buses in its place, ending months "
    "of quarrel over the cost of new rails. The last tram is to run in May, the mayor said after the meeting."
)


def merged(*stories, **options):
    """Whether two stories or more, an hour apart unless they say when they appeared, are one."""
    rows = [{"source": "Example Times", "published": at(14, k)} | story for k, story in enumerate(stories)]
    return find_duplicates([batch(rows)], Settings(threads=1, **options)).clusters == 1


def story(title, text="", **more):
    return {"title": title, "text": text} | more


@pytest.mark.parametrize("sources", [("Example Times", "Example Times"), ("Example Times", "Daily Sample")])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            story("Exporters report 350,000 tonnes corn sold to Norland", CORN.format("350,000", "Norland")),
            story("Exporters report 150,000 tonnes corn sold to Norland", CORN.format("150,000", "Norland")),
        ),
        (
            story("Exporters report two million tonnes corn sold to Norland", CORN.format("two million", "Norland")),
            story("Exporters report five million tonnes corn sold to Norland", CORN.format("five million", "Norland")),
        ),
        (
            story("Exporters report corn sale", CORN.format("350,000", "Norland")),
            story("Exporters report corn sale", CORN.format("150,000", "Norland")),
        ),
        (
            story("Exporters report corn sale to Norland", CORN.format("350,000", "Norland")),
            story("Exporters report corn sale to Sudmark", CORN.format("350,000", "Sudmark")),
        ),
        (
            story("Skandia Line third-quarter profit rises", RESULTS.format("Skandia Line", "on Monday", "412", "371")),
            story("Borealis Ore third-quarter profit rises", RESULTS.format("Borealis Ore", "on Friday", "96", "88")),
        ),
    ],
)
def test_templates_that_differ_in_amount_or_company_stay_apart(one, other, sources):
    assert not merged(one | {"source": sources[0]}, other | {"source": sources[1]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Exporters report 350,000 tonnes corn sold to Norland",
            "Exporters report 150,000 tonnes corn sold to Norland",
        ),
        ("Shipping forecast for the northern coast on Monday", "Shipping forecast for the northern coast on Friday"),
        ("08 november 08.00, summary of the night, Hellvik", "09 november 08.00, summary of the night, Hellvik"),
        ("07 november 07.00, summary of the night, Hellvik", "07 november 07.15, summary of the night, Hellvik"),
        ("Hellvik marathon diary, part one: the long road", "Hellvik marathon diary, part two: the long road"),
        ("Hellvik marathon diary, part 1: the long road", "Hellvik marathon diary, part 2: the long road"),
        ("Harbour strike, day 12: what we know so far", "Harbour strike, day 13: what we know so far"),
        ("Police seek witnesses after robbery in Hellvik", "Police seek witnesses after robbery in Norvang"),
    ],
)
def test_headlines_that_differ_in_a_number_a_day_or_a_place_stay_apart(one, other):
    assert not merged(story(one), story(other))
    assert not merged(story(one), story(other, source="Daily Sample"))


@pytest.mark.parametrize("writing", [str, str.title, str.upper, str.lower])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Norwegian ferries are late again after the storm", "Peruvian ferries are late again after the storm"),
        ("Tram strike enters its second week in Seattle", "Tram strike enters its second week in Glasgow"),
        ("Herring prices up after the harbour strike", "Herring prices down after the harbour strike"),
        ("Harbour court finds trawler captain guilty of fraud", "Harbour court acquits trawler captain of fraud"),
        ("Council approves new tram line to the harbour", "Council rejects new tram line to the harbour"),
        ("North Korea opens trawler talks in the capital", "South Korea opens trawler talks in the capital"),
        ("Police in Columbus look into harbour fire", "Police in Columbia look into harbour fire"),
        ("Boy rescued after fall from harbour wall", "Girl rescued after fall from harbour wall"),
        ("Woman, 82, killed in crash on coast road", "Woman, 67, killed in crash on coast road"),
        ("Harbour pilot who saved the ferry dead at 91", "Harbour pilot who saved the ferry dead at 78"),
        ("Fishery fund raises $20 million for new boats", "Fishery fund raises $20 billion for new boats"),
        ("Fishery fund raises $20m for new boats", "Fishery fund raises $20bn for new boats"),
        ("Gale tears roof off ferry hall in West Virginia", "Gale tears roof off ferry hall in Virginia"),
        ("Sardine boats seized off the coast of New Guinea", "Sardine boats seized off the coast of Guinea"),
        ("Volvo recalls 4,000 harbour trucks over brakes", "Scania recalls 4,000 harbour trucks over brakes"),
        ("Copper price steady as harbour strike drags on", "Silver price steady as harbour strike drags on"),
        ("Supreme court stops sale of the old harbour", "Appeals court stops sale of the old harbour"),
        ("Harbour pilot charged with murder of his wife", "Harbour pilot charged with murder of his brother"),
        ("Harbour board to hire 300 dockers in Leeds", "Harbour board to lay off 300 dockers in Leeds"),
        ("Harbour board says ferry will sail in winter", "Harbour board says ferry will not sail in winter"),
        ("Trawler captain can stay on the harbour board", "Trawler captain can't stay on the harbour board"),
        ("Peru expels two Chilean harbour inspectors", "Chile expels two Peruvian harbour inspectors"),
        ("Norway sued by Iceland over herring quota", "Iceland sued by Norway over herring quota"),
        ("Harbour income rose 2 percent in May", "Harbour income rose 2 percent in September"),
    ],
)
def test_headlines_that_differ_in_a_place_or_in_what_happened_stay_apart_in_any_writing(one, other, writing):
    assert not merged(story(writing(one)), story(writing(other), source="Daily Sample"))


@pytest.mark.parametrize("writing", [str, str.title])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Brandt beats Holm to reach the harbour final", "Holm beats Brandt to reach the harbour final"),
        ("Brandt sues Holm over sunken trawler", "Holm sues Brandt over sunken trawler"),
    ],
)
def test_headlines_in_which_two_exchange_their_parts_stay_apart(one, other, writing):
    assert not merged(story(writing(one)), story(writing(other), source="Daily Sample"))


def test_a_short_title_with_many_names_tells_them_by_their_capitals():
    one, other = (f"Kvaloy {club} beat Norvang 2-1" for club in ("Rovers", "Albion"))
    assert not merged(story(one), story(other, source="Daily Sample"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("上海地铁新线路下周一正式通车", "成都地铁新线路下周一正式通车"),
        ("台風の影響で大阪の全線が運休", "台風の影響で広島の全線が運休"),
        ("Два траулера столкнулись возле берегов Эстонии", "Два траулера столкнулись возле берегов Литвы"),
        ("Dos pesqueros chocan frente a la costa de Francia", "Dos pesqueros chocan frente a la costa de Italia"),
        ("الصيادون يهزمون البحارة في نهائي كأس الميناء", "البحارة يهزمون الصيادون في نهائي كأس الميناء"),
        ("قتلى وجرحى في حادث قطار جنوب تونس صباح اليوم", "قتلى وجرحى في حادث قطار جنوب إيران صباح اليوم"),
        ("मुंबई में भारी बारिश से स्कूल बंद रहेंगे", "पटना में भारी बारिश से स्कूल बंद रहेंगे"),
    ],
)
def test_headlines_that_differ_in_a_place_stay_apart_where_no_script_has_capitals(one, other):
    assert not merged(story(one), story(other, source="Daily Sample"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lehrer im Hafenviertel streiken ab Montag", "Ärzte im Hafenviertel streiken ab Montag"),
        ("Fischmarkt: Goldpreis so hoch wie nie", "Fischmarkt: Ölpreis so hoch wie nie"),
        ("Un incendie détruit une école près du port", "Un incendie détruit une église près du port"),
        ("Grève des infirmières prévue mardi au port", "Grève des enseignants prévue mardi au port"),
        ("Tres heridos al chocar un tren cerca del muelle", "Tres heridos al chocar un autobús cerca del muelle"),
        ("Sube el precio del arenque en el puerto", "Baja el precio del arenque en el puerto"),
        ("Furto al porto: indagano i carabinieri", "Omicidio al porto: indagano i carabinieri"),
        ("Greve dos médicos fecha o porto por dois dias", "Greve dos professores fecha o porto por dois dias"),
        ("Цены на золото выросли после забастовки в порту", "Цены на нефть выросли после забастовки в порту"),
        ("Пожар в школе возле порта потушен", "Пожар в больнице возле порта потушен"),
        ("港口罢工后油价周一上涨", "港口罢工后金价周一上涨"),
        ("ارتفاع أسعار الذهب بعد إضراب الميناء", "ارتفاع أسعار النفط بعد إضراب الميناء"),
        ("حريق كبير في ميناء تشيلي الرئيسي", "حريق كبير في ميناء بيرو الرئيسي"),
        ("آتش‌سوزی در بندر بزرگ ایران مهار شد", "آتش‌سوزی در بندر بزرگ عراق مهار شد"),
    ],
)
def test_headlines_of_many_languages_that_differ_in_a_thing_a_side_or_a_place_stay_apart(one, other):
    assert not merged(story(one), story(other, source="Daily Sample"))


@pytest.mark.parametrize("writing", [str, str.title, str.upper])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Baker charged with theft of boats in Huddersfield", "Baker charged with theft of boats in Rotherham"),
        ("Wolverhampton ferry fares to rise in autumn", "Stockport ferry fares to rise in autumn"),
        ("Tokyo core inflation slows again in autumn", "Japan core inflation slows again in autumn"),
        ("Two hurt as boats collide at Memphis marina", "Two hurt as boats collide at Nashville marina"),
        ("Причал закрыт на ремонт в Токио до осени", "Причал закрыт на ремонт в Японии до осени"),
    ],
)
def test_headlines_that_differ_in_a_town_or_a_capital_and_its_country_stay_apart(one, other, writing):
    assert not merged(story(writing(one)), story(writing(other), source="Daily Sample"))


def test_abbreviations_are_no_names_and_governments_go_by_their_capitals():
    assert merged(
        story("US Ferry Rules Ease In Autumn"), story("U.S. Ferry Rules Ease In Autumn", source="Daily Sample")
    )
    assert merged(story("Beijing rebukes the ferry owners again"), story("China rebukes the ferry owners again"))


COOKING = "These {} buns are soft in the middle. Beat the butter until fluffy, add the eggs one at a time, stir in the "
COOKING += "flour, drop by spoonfuls on a sheet and bake on the middle rack until golden. Cool on a rack, then {}."


def test_one_source_with_other_titles_over_texts_that_open_otherwise_has_two_stories():
    one = story("Cardamom raisin buns", COOKING.format("cardamom", "glaze"))
    other = story("Saffron almond buns", COOKING.format("saffron", "dust with sugar"))
    assert not merged(one, other)
    assert merged(one, story("How to bake them", COOKING.format("cardamom", "glaze"), published=at(14, 1)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Пожар школы возле порта потушен", "Возле порта потушен пожар в школе"),
        ("Streik der Ärzte am Hafen beginnt Montag", "Ärzten am Hafen: Streik beginnt Montag"),
        ("Un incendio destruye dos escuelas junto al puerto", "Incendio destruye una escuela junto al puerto"),
    ],
)
def test_a_thing_in_another_form_is_the_same_thing(one, other):
    assert merged(story(one), story(other, source="Daily Sample"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Norway sends two ferries to the islands", "Norwegian ferries: two sent to the islands"),
        ("Herring prices climb after harbour strike", "Herring prices rise after the harbour strike"),
        ("Tanker runs aground off Peruvian coast", "Tanker runs aground off coast of Peru"),
        ("Fishery fund raises $2.50M for new boats", "Fishery fund raises $2.5 million for new boats"),
        ("Werft in Kiel baut 3.000 neue Boote", "Werft in Kiel baut 3000 neue Boote"),
        ("Herring prices up 3,40 percent after the strike", "Herring prices up 3.4 percent after strike"),
        ("Harbour board to cut 900 jobs", "Harbour board to cut 900 jobs by end of 2025"),
        ("Iceland sues Norway over herring quota", "Norway sued by Iceland over herring quota"),
        ("Iceland and Norway agree on herring quota", "Norway and Iceland agree herring quota"),
        ("Storm closes harbours in northern Norway", "Northern Norway harbours closed by storm"),
        ("Hellvik chief executive unveils plan for ferry centre", "Hellvik CEO unveils plan for a ferry center"),
        ("Hamnen i Bulgarien stängs efter stormen", "Bulgariens hamn stängs efter stormen"),
        ("Пожар на траулере в порту Краснодара", "Пожар в порту: траулер горит в Краснодаре"),
        ("Estonian trawler captain not guilty in harbour trial", "Trawler captain from Estonia not guilty at trial"),
        ("2 men, 3 women dead after trawler sinks off Kvaloy", "2 men, 4 women dead after trawler sinks off Kvaloy"),
    ],
)
def test_what_says_the_same_in_like_words_and_numbers_is_one(one, other):
    assert merged(story(one), story(other, source="Daily Sample"))


@pytest.mark.parametrize("writing", [str, str.title, str.upper])
def test_a_text_tells_which_words_of_its_title_are_names(writing):
    text = (
        "A jury in the harbour court found that {} had taken more than four million crowns from the widows' fund over "
        "six years. The judge set the next hearing for the spring, and the fund said it would pay back what was lost."
    )
    ones = [
        story(writing(f"{name} guilty of taking millions from fund"), text.format(name)) for name in ("Brandt", "Holm")
    ]
    assert not merged(*ones)
    assert merged(ones[0], story(writing("Brandt found guilty of taking millions"), text.format("Brandt")))


def test_numbered_series_with_the_same_introduction_stay_apart():
    text = "Our reporter walks the old border road from end to end and meets the people who live along it, day by day."
    assert not merged(story("The border road, part 1", text), story("The border road, part 2", text))


@pytest.mark.parametrize("other", ["North Shore", "High Yield Harbour"])
def test_items_of_one_source_whose_titles_and_texts_name_another_thing_stay_apart(other):
    one = story("SKANDIA HARBOUR SETS PAYOUT", PAYOUT.format("Harbour"))
    assert not merged(one, story(f"SKANDIA {other.upper()} SETS PAYOUT", PAYOUT.format(other)))
    retitled = story("SKANDIA HARBOUR FUND SETS PAYOUT", PAYOUT.format("Harbour"))
    assert merged(one, retitled)


@pytest.mark.parametrize(("clock", "one_story"), [(9, False), (15, True)])
def test_what_a_source_publishes_at_the_same_time_of_another_day_is_a_series(clock, one_story):
    title = "Central bank adds reserves through customer repurchases"
    text = (
        "The central bank entered the market to arrange 1.5 billion crowns of customer repurchases, dealers said. "
        "Funds were trading at {} at the time of the operation, which had been expected by most of them."
    )
    one = story(title, text.format("six"), published=at(14, 9))
    assert merged(one, story(title, text.format("6-1/16"), published=at(15, clock))) == one_story


@pytest.mark.parametrize(("day", "one_story"), [(14, True), (15, False)])
def test_what_happens_again_on_another_day_is_another_story(day, one_story):
    one = story("Norland fighter jets turn back Sudmark plane over the gulf", published=at(14, 9))
    again = story("Norland fighter jets again turn back Sudmark plane over the gulf", source="Daily Sample")
    assert merged(one, again | {"published": at(day, 14)}) == one_story


def test_a_flash_without_a_text_is_not_held_against_a_text_without_a_title():
    flash = story("BOREALIS RAISES CRUDE POSTINGS 50 ORE EFFECTIVE TODAY, NORTH BLEND TO 17.50")
    untitled = story("", "SUDMARK RAISES CRUDE POSTINGS 50 ORE EFFECTIVE TODAY, NORTH BLEND TO 17.50 CROWNS")
    assert not merged(untitled, flash)
    assert merged(story(untitled["text"]), story(f"{untitled['text']} A BARREL"))


def test_a_wall_before_two_stories_does_not_make_them_one():
    one = story("Council closes the tram line in Hellvik", WALL)
    other = story("Ferry Aurora capsizes off Kvaloy", WALL)
    assert not merged(one, other)
    assert not merged(one, other | {"source": "Daily Sample"})


def test_a_banner_shared_by_the_titles_of_a_live_report_does_not_make_them_one():
    banner = "Latest on the harbour strike and the talks in Norland"
    assert not merged(story(f"Union walks out - {banner}"), story(f"Minister offers mediator - {banner}"))


def test_stories_too_short_to_judge_are_merged_only_as_copies_of_one_source():
    assert not merged(story("Live updates"), story("Live update"))
    assert not merged(story("Morning briefing"), story("Morning briefing", source="Daily Sample"))
    assert merged(story("Morning briefing"), story("Morning briefing"))


@pytest.mark.parametrize("title", ["Morning briefing", "What to know about the report"])
def test_recurring_titles_over_other_texts_stay_apart(title):
    assert not merged(story(title, COUNCIL), story(title, FERRY.format("Twelve"), published=at(15)))


@pytest.mark.parametrize(("before", "after"), [("Twelve", "Fourteen"), ("12", "14")])
def test_revised_figures_of_a_running_report_stay_one(before, after):
    one = story(f"{before} dead as ferry Aurora capsizes off Kvaloy", FERRY.format(before))
    other = story(f"{after} dead as ferry Aurora capsizes off Kvaloy", FERRY.format(after))
    assert merged(one, other)
    assert merged(one, other | {"source": "Daily Sample"})


def test_a_toll_is_one_some_words_behind_its_verb_too():
    one, other = (f"Storm off Kvaloy kills at least {count} sailors as ferry sinks" for count in (38, 44))
    assert merged(story(one), story(other))


def test_a_corrected_headline_stays_one():
    one = story("Exporters report 350,000 tonnes corn sold to Norland", CORN.format("350,000", "Norland"))
    other = story("CORRECTED-Exporters report 150,000 tonnes corn sold to Norland", CORN.format("150,000", "Norland"))
    assert merged(one, other)


def test_a_retitled_copy_stays_one():
    one = story("Council closes the tram line in Hellvik", COUNCIL)
    assert merged(one, story("Hellvik votes to end its trams", COUNCIL, source="Daily Sample"))


def test_an_abridged_copy_stays_one():
    text = f"{COUNCIL} {FERRY.format('Twelve')} The council meets again next week to choose the routes of the buses."
    one = story("Council closes the tram line in Hellvik", text)
    assert merged(one, story("Council closes tram line in Hellvik", COUNCIL, source="Daily Sample"))


def test_a_translation_is_another_story():
    german = (
        "Der Stadtrat von Hellvik hat am Dienstag beschlossen, die alte Tramlinie stillzulegen und durch Busse zu "
        "ersetzen. Die letzte Bahn soll im Mai fahren, sagte der Bürgermeister nach der Sitzung."
    )
    assert not merged(
        story("Council closes the tram line in Hellvik", COUNCIL), story("Hellvik legt Tram still", german)
    )


def test_strictness_orders_what_is_merged():
    one = story("Council closes the old tram line in Hellvik", source="Example Times")
    others = [
        "Hellvik council closes old tram line",
        "Hellvik council votes to close old tram line",
        "Hellvik council to close its tram line in May",
        "Tram line in Hellvik to close, council says",
        "Old tram in Hellvik closed by council vote",
    ]
    counts = [
        sum(merged(one, story(title, source="Daily Sample"), strictness=strictness) for title in others)
        for strictness in ("strict", "balanced", "loose")
    ]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]
