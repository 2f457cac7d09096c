"""What titles are about, beside people and places, by which stories differ that are otherwise alike.

"Ford recalls pickup trucks", "Toyota recalls pickup trucks": names at the beginning of a sentence, and in titles that
have a capital in every word, are told by nothing else. Written as `dedup.places`; "_" joins the words of a phrase.
"""

from __future__ import annotations

SUBJECTS = {
    "regions": """north_korea north_korean north_koreans n_korea; south_korea south_korean south_koreans
        s_korea; new_mexico; new_england; new_zealand; new_guinea; equatorial_guinea; west_virginia; north_carolina;
        south_carolina; north_dakota; south_dakota; south_sudan south_sudanese; south_africa south_african
        south_africans; northern_ireland; west_bank; east_timor; north_macedonia; kansas_city; san_jose;
        san_antonio; puerto_rico; costa_rica; el_salvador; el_paso; ivory_coast""",
    "companies": """3m; abb; accenture; adidas; adobe; airbnb; airbus; akzonobel; aldi; alibaba; allianz;
        alstom; amazon amazons; amd; apple apples; aramco; arcelormittal; asda; asos; astrazeneca; atlassian;
        audi; aviva; axa; baidu; barclays; basf; bayer; bbva; berkshire; biontech; blackberry; blackrock;
        blackstone; bloomberg; bmw; bnp; boeing boeings; boohoo; bosch; bp; broadcom; burberry; bytedance;
        byd; carlsberg; carrefour; caterpillar; centrica; chevron; chrysler; cisco; citi citigroup citibank;
        cnn; coinbase; comcast; commerzbank; conocophillips; continental; costco; danone; danske; dell;
        deloitte; delta; deutsche_bank; dhl; diageo; disney disneys; doordash; easyjet; ebay; electrolux;
        engie; eni; equinor; ericsson; exxon exxonmobil; facebook meta; fedex; ferrari; fiat; fitch; ford;
        foxconn; fujitsu; generali; gm general_motors; goldman; google googles alphabet; gsk glaxosmithkline;
        handelsbanken; heineken; henkel; hitachi; honda; honeywell; hsbc; huawei; hyundai; iberdrola; ibm;
        ikea; inditex; infineon; infosys; intel; intesa; jaguar; jpmorgan jp_morgan; kia; kkr; kroger; lenovo;
        lg; lidl; lilly; lockheed; lufthansa; lukoil; lvmh; lyft; maersk; mastercard; mazda; mcdonald
        mcdonalds; mckinsey; mercedes daimler; merck; meituan; michelin; micron; microsoft microsofts;
        mitsubishi; moderna; moody moodys; motorola; nestle nestlé; netflix; nike; nintendo; nissan; nokia;
        nordea; northvolt; novartis; novo_nordisk; nvidia; openai; oracle; orsted ørsted; panasonic;
        paramount; paypal; pepsi pepsico; petrobras; peugeot; pfizer; philips; pinduoduo; porsche; puma;
        qantas; qualcomm; raytheon; renault; repsol; rivian; roche; rosneft; gazprom; ryanair; saab;
        sainsbury; samsung; sandvik; santander; sanofi; scania; schaeffler; shein; shell; shopify; siemens;
        skanska; skoda; softbank; sony; spacex; spotify; ssab; starbucks; stellantis; stripe; subaru; suzuki;
        swedbank; swisscom; target; tata; telefonica telefónica; telia; temu; tencent; tesco; tesla teslas;
        thyssenkrupp; tiktok; toshiba; totalenergies; toyota; tsmc; tui; uber; ubs; unicredit; unilever;
        vattenfall; verizon; visa; vodafone; volkswagen vw; volvo; vonovia; walgreens; walmart; wipro; xiaomi;
        yahoo; zara; zalando; 华为; 小米; 小鹏; 蔚来; 腾讯; 阿里; 百度; 京东; 美团; 苹果; 三星; 谷歌; 微软""",
    "institutions": """senate; house; harvard; yale; stanford; cornell; princeton; oxford; cambridge;
        berkeley; ucla; nyu; nato; opec; imf; fda; fbi; cia; nasa; sec; supreme_court high_court;
        appeals_court appeal_court; district_court""",
    "teams": """arsenal; chelsea; everton; tottenham spurs; juventus; psg; celtic; rangers; ajax; benfica;
        porto; villarreal; wolves; fulham; burnley; watford; leverkusen; schalke; manchester_united man_united
        man_utd; manchester_city man_city; crystal_palace; aston_villa; west_ham; real_madrid; lakers;
        celtics; warriors; knicks; nets; bulls; clippers; rockets; mavericks; nuggets; raptors; hawks;
        grizzlies; pelicans; timberwolves; cavaliers cavs; pistons; pacers; bucks; yankees; mets; red_sox;
        white_sox; dodgers; padres; astros; braves; cubs; phillies; orioles; mariners; brewers; guardians;
        marlins; nationals; diamondbacks; rockies; packers; bears; vikings; lions; cowboys; eagles; giants;
        commanders; steelers; ravens; bengals; browns; patriots; dolphins; jets; chiefs; raiders; broncos;
        chargers; 49ers niners; seahawks; cardinals; rams; falcons; panthers; saints; buccaneers bucs; colts;
        titans; jaguars; bruins; canadiens; penguins; flyers; oilers; flames; canucks; sharks; blackhawks;
        islanders; capitals; hurricanes; sabres; senators; predators; avalanche; ducks; frölunda; färjestad;
        brynäs; djurgården; hammarby; skellefteå; rögle; aik; ifk; palmeiras; flamengo; corinthians; santos;
        cruzeiro; bahia; grêmio; vasco; botafogo; fluminense; зенит; спартак; цска; локомотив; динамо; الأهلي;
        الزمالك; الهلال; النصر""",
}
"""Regions whose name ends in another's; companies, institutions and teams. A word with another meaning as well is here,
too: both titles must have one that the other story lacks. Left out is what is more often something else, and what
people call by turns who write of the same thing, such as newspapers."""
