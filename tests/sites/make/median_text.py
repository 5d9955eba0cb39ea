"""The repeated texts of the median page: news, batteries, prices, questions, and the links of the footer."""

import json

NEWS = [
    ("news-1.jpg", "2026-11-12", "The Mill Road battery is a year old", "It gave back 3,911 MWh, was out of order for nineteen hours, and got a coat of paint from the school across the street."),
    ("news-2.jpg", "2026-10-30", "What a wet October did to us", "A third less sun than last year. The members voted to keep the price, and the reserve paid for it. The numbers, day by day."),
    ("news-3.jpg", "2026-10-17", "Tea garden under panels: the first harvest", "Four rows of shade, a little less tea, a lot less water. The trial goes on for two more summers before anyone calls it a success."),
    ("news-4.jpg", "2026-10-02", "Eleven new keepers for the batteries", "They were trained in September and have the keys since Monday. Each of them can stop a battery, and all of them have practised it."),
    ("news-5.jpg", "2026-09-21", "Old Town asks for quieter inverters", "Two makers sent samples. We let them hum in the library for a week and asked everyone who came in. One of them was hard to find."),
    ("news-6.webp", "2026-09-05", "A picture of the whole cooperative, from above", "Taken on the shortest night. If your roof is dark, you were saving. If it is bright, somebody left the light on in the attic."),
]

QUESTIONS = [
    ("What if my roof faces north?", "Then put no panels on it. About a third of the members have none. You own the batteries like everybody else, buy power at the members’ price and vote on what that price is."),
    ("Who reads my meter?", "A small box in your own cabinet. It sends two numbers every five minutes: what you made and what you used. It does not know which machine is running, and the program in it can be read by anyone."),
    ("What happens in a blackout?", "Streets with a battery of their own keep the lights on for six to nine hours. The street separates itself from the grid, and the keepers bring it back when the grid is steady again."),
    ("Can I leave?", "At the end of any month. You get your share back within thirty days. The panels are yours anyway; only the box goes back."),
    ("Is it cheaper?", "In most years by a little: members paid between four and eleven per cent less than the city’s tariff. In 2022 it was half. Nobody promises you that again."),
    ("Who decides?", "One household, one vote, whatever the size of the roof. The meeting in spring sets the price, the one in autumn chooses what is built. The minutes of all of them are public."),
]

BATTERIES = [
    ("Mill Road depot", "Mill Road", "Anke, Piotr", "7.2", 388, "2025-11-10"),
    ("Weaver Street school", "Mill Road", "Samir, Lotte", "4.8", 1204, "2022-05-02"),
    ("Ropewalk, pier 3", "Harbour", "Tomas, Birgit", "6.4", 731, "2024-02-19"),
    ("Customs house cellar", "Harbour", "Tomas, Nils", "3.2", 1690, "2020-09-14"),
    ("Bell Lane car park", "Old Town", "Ines, Oskar", "4.0", 1022, "2023-03-27"),
    ("Old Town library", "Old Town", "Ines, Helga", "2.4", 2105, "2019-06-03"),
    ("Brewery yard", "Old Town", "Oskar, Pia", "3.6", 655, "2024-06-24"),
    ("Southfield sports hall", "Southfield", "Mads, Elif", "6.8", 902, "2023-08-07"),
    ("Orchard Way garages", "Southfield", "Elif, Jorun", "4.4", 417, "2025-09-22"),
    ("Lake pumping station", "Lakeside", "Marit, Hugo", "5.0", 1311, "2021-10-18"),
    ("Lakeside tram stop", "Lakeside", "Hugo, Sanne", "3.2", 204, "2026-04-20"),
]

PRICES = [
    ("Noon", "11.4", "from ten to four, March to October", ["Straight from a roof of your own street", "Best hours for washing, cooling, charging", "Shown in green on the box"]),
    ("Evening", "21.9", "from four to midnight, and from six to ten", ["Out of the shared batteries first", "Wind at sea when they are empty", "The same in summer and in winter"]),
    ("Night", "16.2", "from midnight to six", ["Wind at sea, mostly", "Bought a year ahead by the board", "For members without panels too"]),
]

FOOTER = [
    ("Cooperative", ["Statutes", "Board and keepers", "Minutes of all meetings", "Yearly reports", "Jobs"]),
    ("Power", ["Price of this year", "How the price is made", "Batteries and where they stand", "Outages", "Open data"]),
    ("Members", ["Sign in", "Move house with us", "Lend a share", "Telephone rota", "Workshop calendar"]),
    ("Contact", ["hello@median-demo.com", "Mill Road 14, ground floor", "Weekdays from nine to five", "Outage line, day and night", "Press"]),
]


def news_item(picture: str, date: str, title: str, text: str) -> str:
    """One piece of news; the script writes the date out."""
    return (
        f'<article class="col-12 col-md-6 col-lg-4"><a href="#"><img src="{{{{{picture}}}}}" width="400" height="250" alt=""></a>'
        f'<p class="date"><time datetime="{date}" data-day>{date}</time></p><h3><a href="#">{title}</a></h3><p>{text}</p></article>'
    )


def question(number: int, title: str, text: str) -> str:
    """A question that opens; the first is open from the start."""
    start = "true" if number == 0 else "false"
    hidden = "" if number == 0 else ' style="display:none"'
    return (
        f'<div class="question" x-data="{{ open: {start} }}"><h3><button type="button" @click="open = !open" :aria-expanded="open">{title}</button></h3>'
        f'<p x-show="open"{hidden}>{text}</p></div>'
    )


def battery(where: str, quarter: str, keepers: str, size: str, cycles: int, since: str) -> str:
    """A row of the table of batteries."""
    return (
        f"<tr><td>{where}</td><td>{quarter}</td><td>{keepers}</td>"
        f'<td class="n">{size}</td><td class="n">{cycles:,}</td><td class="n"><time datetime="{since}" data-day>{since}</time></td></tr>'
    )


def price(name: str, cents: str, hours: str, points: list[str]) -> str:
    """A card with one price."""
    items = "".join(f"<li>{point}</li>" for point in points)
    return (
        f'<div class="col-12 col-md-4"><section class="card plain"><h3>{name}</h3><p class="cents"><strong>{cents}</strong> <span>cents</span></p>'
        f'<p>{hours}</p><ul class="points">{items}</ul></section></div>'
    )


def faq() -> str:
    """The questions once more, as search engines like to read them."""
    entries = [
        {"@type": "Question", "name": title, "acceptedAnswer": {"@type": "Answer", "text": answer}} for title, answer in QUESTIONS
    ]
    return json.dumps({"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": entries}, ensure_ascii=False, indent=1)


def footer_column(title: str, links: list[str]) -> str:
    """A column of links."""
    items = "".join(f'<li><a href="#">{link}</a></li>' for link in links)
    return f'<div class="col-6 col-lg-3"><h3>{title}</h3><ul>{items}</ul></div>'


def blocks() -> dict[str, str]:
    """The named blocks of the page."""
    return {
        "faq": faq(),
        "batteries": "\n".join(battery(*item) for item in BATTERIES),
        "prices": "\n".join(price(*item) for item in PRICES),
        "news": "\n".join(news_item(*item) for item in NEWS),
        "questions": "\n".join(question(i, *item) for i, item in enumerate(QUESTIONS)),
        "footer": "\n".join(footer_column(*column) for column in FOOTER),
    }
