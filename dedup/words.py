# ruff: noqa: RUF001  (letters of other scripts that look Latin are the point)
"""Words and phrases that say nothing about which story it is, as people write them; the kernels see their tokens.

Everything here is normalised with the tokeniser before use, so case, accents' encoding and punctuation do not matter.
"""

from __future__ import annotations

FUNCTION_WORDS = {
    "en": """a about after again against all also am an and any are as at back be because been before being
        between both but by can could did do does down during each even few first for from get had has have he
        her here him his how i if in into is it its just last like made make many may me might more most much
        must my new no not now of off on one only or other our out over own said same say says she should so
        some still such s t than that the their them then there these they this those through to too under until
        up very was way we were what when where which while who why will with would you your""",
    "de": """ab aber alle als also am an auch auf aus bei beim bis da damit dann das dass dem den denn der des die
        dies diese dieser dieses doch durch ein eine einem einen einer eines er es für gegen hat hatte haben
        hier ihm ihn ihr ihre im in ins ist ja jetzt kann kein keine können mehr mit muss nach nicht noch nur ob
        oder ohne schon sehr sei sein seine seit sich sie sind so soll sollen über um und uns unter vom von vor
        waren was weil wenn wer werden wie wieder wir wird worden wurde wurden zu zum zur zwischen""",
    "fr": """à afin ainsi après au aucun aussi autre aux avait avant avec avoir c ce ceci cela ces cet cette ceux
        chez comme contre d dans de depuis des deux doit donc dont du elle elles en encore entre est et était
        été être eu fait il ils j je jusqu l la le les leur leurs lors lui m mais même moins n ne ni nos notre
        nous on ont ou où par pas pendant peu peut plus pour qu quand que qui s sa sans se selon sera ses si
        sont sous sur t tous tout toute très un une vers vous y""",
    "es": """a al algo ante antes aquí así aunque bajo cada como con contra cual cuando de del desde después donde
        dos durante e el él ella ellos en entre es esa ese eso esta está están estas este esto estos fue fueron
        ha había hace han hasta hay la las le les lo los más me mi mientras mismo muy nada ni no nos o otra otro
        otros para pero poco por porque que qué quien se según ser será si sí sin sobre su sus también tan tanto
        tiene todo todos tras tu un una uno unos y ya yo""",
    "it": """a abbiamo ad agli ai al alla alle allo anche ancora avere c che chi ci come con contro cosa così cui
        d da dagli dai dal dalla dalle degli dei del della delle dello di dopo due durante e ed erano essere fa
        fino fra già gli ha hanno ho i il in io l la le lei li lo loro lui ma mentre mi molto ne negli nei nel
        nella nelle no noi non o ogni per perché più poi prima può quale quando quanto quella quello questa
        questo sarà se senza si sia solo sono sotto sta stata stato su sua sugli sui sul sulla suo tra tutti
        tutto un una uno""",
    "pt": """a à ainda ao aos após as às até cada com como contra da das de dela dele depois desde do dos dois
        durante e é ela ele eles em entre essa esse esta está estão este eu foi for foram há isso isto já lhe
        mais mas me mesmo meu muito na nas não nem no nos nós num numa o onde os ou outra outro para pela pelas
        pelo pelos pode por porque quando que quem são se segundo sem ser será seu seus só sob sobre sua suas
        também tem têm ter teve toda todo todos um uma vai você""",
    "nl": """aan al alle als alleen bij daar dan dat de der deze die dit doen dus een eens en er ge geen had
        hebben heeft hem het hier hij hoe iets ik in is ja je kan kon kunnen maar me meer men met mij mijn moet
        na naar niet niets nog nu of om omdat onder ons onze ook op over reeds sinds te tegen ter toch toen tot
        tussen u uit uw van veel voor wanneer waren was wat we weer wel werd werden wie wij wil wordt worden zal
        ze zei zich zij zijn zo zonder zou""",
    "sv": """alla allt än att av bara bli blev blir både då de del dem den denna deras dess det detta din du efter
        eller en enligt er ett får finns fick för från genom göra ha hade han har henne hennes här hon honom hur
        i icke in ingen inom inte ja jag kan kommer kunde med mellan mer mig min mot mycket ni när nu något
        någon några och också om oss på redan sade säger sedan sig sin sina sitt ska skulle så som till under
        upp ur ut utan vad var vara varit vi via vid vilket vill åt även över""",
    "ru": """а без более бы был была были было быть в вам вас весь во вот все всего вы где да для до его ее если
        есть еще же за здесь и из или им их к как ко когда кто ли между меня мы на над нас наш не него нее нет
        ни них но ну о об однако он она они от очень перед по под после потому при про с сам себя со свои своей
        так такой также там те тем то того тоже только том ты у уже хотя чего чем что чтобы эта эти это этого
        этой этот я""",
    "ar": """في من على إلى عن مع أن إن كان كانت هذا هذه ذلك تلك التي الذي الذين ما لا لم لن قد كل بعد قبل بين عند
        حتى إذا ثم أو أم لكن غير سوى منذ خلال حول ضد هو هي هم هن نحن أنا أنت كما أي أيضا بل حيث عندما بينما لدى
        دون تحت فوق أمام يكون تكون ليس ليست قال قالت وقال وقالت به بها له لها لهم منه منها فيه فيها عليه عليها
        وفي ومن وهو وهي وقد والتي والذي بأن لأن عبر نحو وأن وكان يوم اليوم و""",
    "hi": """का के की को ने से में पर और या है हैं था थी थे हो होता होती होने हुआ हुई हुए यह ये वह वे इस इन उस उन
        इसके उसके इसकी उनकी उनके जो कि भी ही तो न नहीं कर करने करते किया गया गई गए रहा रही रहे लिए साथ तक बाद
        पहले अब जब तब कब क्या क्यों कैसे कौन कोई कुछ सब सभी अपने अपनी अपना मैं हम आप तुम मेरे हमारे दिया दी
        लेकिन मगर अगर एक दो बहुत बारे द्वारा वाले वाली वाला कहा जा जाता जाने सकता सकते ऐसे वहीं वहां यहां जैसे""",
    "tr": """acaba ama ancak artık aslında az bana bazı belki benim beri bile bir biri birkaç biz bize bizim bu
        buna bunlar bunu bunun çok çünkü da daha de değil diğer diye dolayı en fakat gibi göre hâlâ hangi hem
        henüz hep hepsi her hiç için ile ise işte kadar karşı kendi kez ki kimse mı mi mu mü nasıl ne neden
        nerede o olan olarak oldu olduğu olması olsa olup on ona onlar onu onun orada önce oysa öyle rağmen
        sadece sanki siz sonra şey şöyle şu tüm üzere var ve veya ya yani yine yok""",
    "id": """ada adalah agar akan akibat aku anda antara apa apabila atas atau bagi bahwa banyak baru beberapa
        belum bersama bisa bukan dalam dan dapat dari dengan di dia dua hal hanya harus hari hingga ia ini itu
        jadi jika juga kami kamu karena kata ke kembali kemudian kepada ketika kita lagi lain lalu lebih maka
        masih melalui mereka meski namun oleh pada para pernah pula saat saja salah sama sampai sangat satu saya
        sebagai sebelum sebuah secara sedang sehingga sejak sekitar selama semua seorang seperti serta setelah
        sudah supaya tak tanpa telah tentang terhadap tersebut tetapi tidak untuk yang yakni""",
}
"""The hundred or so commonest words of a language that carry no news, by its ISO 639-1 code.

All languages are looked up at once, so words that carry news in another one are left out: German "war", French "ai",
Turkish "kim", and English "us", which is also a country.
"""

AGENCIES = """
AAP; AFP; Agence France-Presse; Agencia Brasil; Agência Brasil; Agência Lusa; Agencias; Agenzia ANSA; Anadolu;
Anadolu Agency; ANI; ANP; ANSA; Antara; AP; AP Online; APA; Associated Press; Belga; Bernama; Bloomberg;
Bloomberg News; Business Wire; Canadian Press; Canadian Press Enterprises; CNN; CP; dapd; Dow Jones; Dow Jones
Newswires; DPA; dpa-AFX; EFE;
Europa Press; Folhapress; GlobeNewswire; IANS; Interfax; IRNA; Keystone-SDA; Kyodo; Kyodo News; Lusa; MENA; MTI;
NTB; PA; PA Media; PAP; PR Newswire; Press Association; Press Trust of India; PRNewswire; PTI; Reuters; Reuters
Health; RIA Novosti; Ritzau; SDA; Sports Network; Sputnik; STT; TASS; The Associated Press; The Canadian Press;
Thomson Reuters;
Thomson Reuters Foundation; TT; UNI; UPI; WAM; Xinhua; Yonhap; РИА Новости; ТАСС; Интерфакс; 新华社; 共同社;
中新社; 法新社; 路透社; 美联社; 共同; 時事; رويترز; واس; وام; أ ف ب
"""
"""News agencies as datelines name them, parted by ";"."""

ADDING_VERBS = "adds; inserts; recasts; removes; repeats; rewrites; updates; writes"
"""A text that begins with one of these in brackets is an updated version of another."""

CORRECTING_VERBS = "clarifies; corrects; fixes; refiles; resends"
"""A text that begins with one of these in brackets is a corrected version of another."""

NUMBER_WORDS = {
    "0": "zero null noll cero",
    "2": "two zwei två deux dos",
    "3": "three drei tre trois tres drie",
    "4": "four vier fyra quatre cuatro quattro quatro",
    "5": "five fünf fem cinq cinco cinque vijf",
    "6": "six sechs seis zes",
    "7": "seven sieben sju siete sette sete zeven",
    "8": "eight åtta huit ocho otto oito",
    "9": "nine neun nio neuf nueve nove negen",
    "10": "ten zehn tio diez dieci dez tien",
    "11": "eleven elva onze undici",
    "12": "twelve zwölf tolv douze doce dodici doze twaalf",
    "13": "thirteen dreizehn tretton treize trece tredici treze dertien",
    "14": "fourteen vierzehn fjorton quatorze catorce quattordici veertien",
    "15": "fifteen fünfzehn femton quinze quince quindici vijftien",
    "16": "sixteen sechzehn sexton seize dieciséis sedici zestien",
    "17": "seventeen siebzehn sjutton diecisiete diciassette zeventien",
    "18": "eighteen achtzehn arton dieciocho diciotto achttien",
    "19": "nineteen neunzehn nitton diecinueve diciannove negentien",
    "20": "twenty zwanzig tjugo vingt veinte venti vinte twintig",
    "30": "thirty dreißig trettio trente treinta trenta trinta dertig",
    "40": "forty vierzig fyrtio quarante cuarenta quaranta quarenta veertig",
    "50": "fifty fünfzig femtio cinquante cincuenta cinquanta cinquenta vijftig",
    "60": "sixty sechzig sextio soixante sesenta sessanta sessenta zestig",
    "70": "seventy siebzig sjuttio setenta settanta zeventig",
    "80": "eighty achtzig åttio ochenta ottanta oitenta tachtig",
    "90": "ninety neunzig nittio noventa novanta negentig",
    "1": "first one 第一",
    "half": "half halves",
    "quarter": "quarter",
    "dozen": "dozen",
}
"""Words for numbers, by the digits that say the same: "two dead" and "2 dead" agree. Words that mean something else in
another of the languages are left out (Spanish "once", Swedish "sex"), and ordinals but "first" stand below."""

ORDINAL_WORDS = {
    "2": "second zweite zweiten zweiter deuxième segundo segunda secondo 第二",
    "3": "third dritte dritten dritter troisième tercer tercero tercera terzo tredje 第三",
    "4": "fourth vierte vierten vierter quatrième cuarto quarto fjärde 第四",
    "5": "fifth fünfte fünften fünfter cinquième quinto femte 第五",
    "6": "sixth sechste sechsten sjätte",
    "7": "seventh siebte siebten septième sjunde",
    "8": "eighth achte achten huitième åttonde",
    "9": "ninth",
    "10": "tenth",
}
"""Likewise for ordinals, so that "fourth quarter" and "4th quarter" agree."""

CALENDAR_WORDS = """
monday понедельник 月曜 周一 期一 सोमवार الاثنين 월요일 montag måndag lundi lunes lunedì maandag; tuesday вторник 火曜
周二 期二 मंगलवार الثلاثاء 화요일 dienstag tisdag mardi martes martedì dinsdag; wednesday среда среду 水曜 周三 期三
बुधवार الأربعاء 수요일 mittwoch onsdag mercredi miércoles mercoledì woensdag; thursday четверг 木曜 周四 期四 गुरुवार
الخميس 목요일 donnerstag torsdag jeudi jueves giovedì donderdag; friday пятница пятницу 金曜 周五 期五 शुक्रवार الجمعة
금요일 freitag fredag vendredi viernes venerdì vrijdag; saturday суббота субботу 土曜 周六 期六 शनिवार السبت 토요일
samstag lördag samedi sábado sabato zaterdag; sunday воскресенье 日曜 周日 期日 रविवार الأحد 일요일 sonntag söndag
dimanche domingo domenica zondag; january januar januari janvier enero gennaio janeiro jan; february februar februari
février febrero febbraio fevereiro feb; march märz marzo maart março; april avril abril aprile apr; june juni juin
junio giugno junho; july juli juillet julio luglio julho; august augusti août agosto augustus aug; september septembre
septiembre settembre setembro sept; october oktober octobre octubre ottobre outubro oct; november novembre noviembre
novembro nov; december dezember décembre diciembre dicembre dezembro dec; in_may of_may since_may until_may for_may
by_may from_may last_may this_may next_may early_may mid_may late_may may_exports may_imports may_inflation may_cpi
may_sales may_output may_jobs may_payrolls may_data may_deliveries may_production
"""
"""Weekdays and months, ";" between days; "may" alone is a verb more often than a month."""

TOLL_WORDS = """
dead kill killed killing kills die died dies deaths death toll injured injures injuries injuring wounded wounding wounds
hurt missing casualties victims fatalities bodies arrested arrests evacuated displaced hospitalized hospitalised
tote toten getötet verletzte verletzten vermisste vermisst opfer döda dödade dödad skadade skadad saknade saknas
gripna omkomna morts mort tués tué blessés blessé disparus victimes muertos muertes heridos desaparecidos víctimas
fallecidos morti feriti dispersi vittime mortos feridos desaparecidos vítimas doden gewonden vermisten slachtoffers
rescued survivors trapped acres hectares sickened sickens
"""
"""Words beside a number that counts victims: such figures rise while the story stays the same."""

AGAIN_WORDS = """
again another anew afresh erneut wieder abermals nochmals igen åter återigen ånyo ytterligare nuevamente novamente
nuovamente ancora encore opnieuw alweer снова вновь опять yine yeniden tekrar lagi
"""
"""Words that say that something like it has happened before, in lower case."""

OPPOSITES = (
    (
        """rise rises rose rising risen gain gains gained gaining climb climbs climbed climbing advance advances
        advanced jump jumps jumped surge surges surged surging soar soars soared soaring rally rallies
        rallied rebound rebounds rebounded higher up increase increases increased increasing raise
        raises raised raising stiger steg ökar ökade höjer höjde uppåt steigt steigen stieg hausse
        grimpe grimpent sube suben subió salgono sobe sobem stijgt stijgen растет растут вырос выросла
        выросли 上涨 上漲 上昇 增长 增長 strengthen strengthens strengthened plus ganancias повысился
        повысил повысила увеличил увеличила 反発 augmente augmentent bondit bondissent progresse
        progressent flambe flambent aumenta aumentan aumentano aumentam crecen crescono klettert
        yükseldi arttı wzrosły wzrósł rośnie ارتفاع ارتفع ارتفعت ترتفع يرتفع gestiegen stiegen klettern
        kletterte erhöht erhöhte augmenté subieron aumentó aumentou crece creció cresce crescem crescer
        cresceu cresciuta aumento aumentos rialzo salito salita subiu subiram steeg stegen gestegen
        wzrosła wzrośnie rosną yükseliyor artış zam выросло вырастет вырастут подорожал подорожала
        подорожали подорожало повысились увеличился увеличились зросли зріс 上升 走高 上调 上調 値上
        続伸 상승 인상 yükseliş yükselişle em_alta umacnia बढ़ोतरी बढ़े बढ़ी 收涨 收漲 증가""",
        """fall falls fell falling fallen drop drops dropped dropping decline declines declined declining slide
        slides slid sliding slip slips slipped slump slumps slumped plunge plunges plunged plunging sink
        sinks sank tumble tumbles tumbled dip dips dipped ease eases eased lower lowers lowered down
        decrease decreases decreased decreasing cut cuts cutting slash slashes slashed sjunker sjönk
        minskar minskade sänker sänkte faller nedåt fällt sinkt sinken baisse baissent bajó scende
        scendono caem daalt dalen падает падают упал упала упали 下跌 下降 下落 shed sheds weaken
        weakens weakened minus pérdidas снизился снизил снизила сократил сократила retreat retreats
        retreated 反落 recule reculent chute chutent diminue diminuent baja bajan cae caen cai diminui
        diminuem cala calano crolla crollano düştü geriledi azaldı spadły spadł spada انخفاض انخفض
        انخفضت تنخفض ينخفض تراجع تراجعت يتراجع fielen gesunken gesenkt senkt baissé reculé bajaron cayó
        cayeron desciende descendió sceso scesa calo ribasso caiu caíram cair recua daalde gedaald zakt
        spadła spadają düşüyor indirim düşüş упало снизилась снизились снижается снижаются подешевел
        подешевела подешевели сократился сократились 下调 下調 走低 回落 减少 減少 値下 続落 하락 인하
        düşüşle em_queda osłabia गिरावट गिरे गिरी 收跌 감소 تتراجع обвалились обвалился""",
    ),
    (
        """acquitted acquits acquit cleared exonerated frias friades freigesprochen acquitté absuelto acquittal
        friar fria freispricht relaxe relaxé relaxée absuelve оправдал not_guilty freispruch acquittée
        absuelven absolvió assolto assolti assolve absolve absolvido absolvidos vrijgesproken
        uniewinniony uniewinnił beraat оправдала оправдали оправдан 无罪 無罪 براءة 무죄 ببراءة""",
        """convicted convicts convict guilty condemned sentenced fälls fälldes döms dömdes verurteilt condamné
        condenado fäller döma dömer condamne condena осудил schuldig condamnée coupable condenan condenó
        culpable condannato condannati condanna colpevole condenados condenou veroordeeld skazany skazał
        skazani mahkum осужден осуждена приговорил приговорила приговорен 有罪 إدانة 유죄""",
    ),
    (
        """approve approves approved approving pass passes passed endorse endorses endorsed backs backed accepts accept
        accepted accepting grant grants granted allow allows allowed uphold upholds upheld confirm confirms confirmed
        reinstate reinstates reinstated aprueba aprueban aprobó approuve approuvent adopte aprova aprovam aprovou
        billigt godkänner godkänd godkända одобрил одобрила genehmigt gebilligt beschließt adopté approuvé avala
        approva approvato promuove aprovado goedgekeurd przyjął przyjęła przyjęto zatwierdził onayladı одобрили принял
        приняла приняли утвердил утвердила утвердили 通过 通過 批准 可決 承認 يقر أقر 통과 가결 मंजूर aprovada يوافق
        توافق удовлетворил удовлетворила підтримала підтримав підтримали схвалила схвалив схвалили stemt_in; sign signs
        signed; agree agrees agreed; ja yes; located_safe found_safe found_alive found_unharmed; welcomes supports""",
        """reject rejects rejected rejecting block blocks blocked blocking veto vetoes vetoed denies denied refuses
        refuse refused deny overturn overturns overturned dismiss dismisses dismissed lift lifts lifted fired
        turned_down turns_down voted_down rechaza rechazan rechazó rejette rejettent rejeita rejeitam rejeitou lehnt
        avslår отклонил отклонила abgelehnt ablehnt kippt rejeté boccia bocciato respinge respinto rejeitado verwerpt
        afgewezen verworpen odrzucił odrzuciła odrzucono reddetti отклонили отверг отвергла отвергли 否决 否決 却下
        يرفض ترفض 부결 거부 chumba chumbou chumbada खारिज відхилила відхилив відхилили stemt_tegen; fail fails failed;
        nej nein nee vote_no no_on; discovered_dead found_dead; scrap scraps scrapped axes axed; outlaws prohibits;
        oppose opposes opposed opposing; shelve shelves shelved""",
    ),
    (
        """opens opened opening open reopen reopens reopened reopening öppnar eröffnet öffnet ouvre rouvre abre reabre
        apre riapre opent otwarto açıldı открыл открыли открылся открылась 再開; begin begins began beginning start
        starts started starting; resume resumes resumed resuming; complete completes completed completing; restore
        restores restored""",
        """closes closed closing close ends ended stänger schließt geschlossen ferme fermé cierra cierran cerrado
        chiude chiuso sluit zamknięto kapandı kapatıldı закрыл закрыли закрылся закрылась 停止; postpone postpones
        postponed postponing; cancel cancels canceled cancelled cancelling; suspend suspends suspended suspending; halt
        halts halted halting; delay delays delayed delaying; demolish demolishes demolished""",
    ),
    (
        """buy buys bought buying acquire acquires acquired acquiring purchase purchases purchased köper köpte
        kauft compra; hire hires hired hiring recruit recruits recruiting anställer; win wins won
        winning vinner gewinnt gana 勝利 siegt besiegt gewann remporte gagne vence ganó venció vince
        vinto ganha venceu wint verslaat wygrał wygrała wygrali pokonał pokonała pokonali yendi kazandı
        победил победила победили выиграл выиграла выиграли обыграл обыграла обыграли 击败 擊敗 战胜
        戰勝 快勝 يفوز 승리 перемогла переміг перемогли 再選 जीता जीती wygrały; arrest arrests arrested
        arresting detain detains detained jail jails jailed festgenommen verhaftet arrêté arrêtés
        interpellé detenido detenidos detienen arrestato arrestati detido presos задержан задержали
        арестован арестовал арестовали 逮捕 拘留 tutuklandı zatrzymany zatrzymano aresztowany; stay
        stays staying; join joins joined joining; upgrade upgrades upgraded""",
        """sell sells sold selling divest divests divested säljer sålde verkauft vende; sack sacks sacked
        sacking lay_off lays_off laid_off layoff layoffs varslar; lose loses losing lost förlorar
        verliert pierde 敗れ unterliegt verlor perd perdió perde perso perdeu verliest przegrał
        przegrała przegrali yenildi kaybetti mağlup проиграл проиграла проиграли уступил уступила
        уступили 不敌 不敵 敗退 يخسر 패배 incline inclinent програла програв програли 落選 हारा हारी
        przegrały; freed freeing freigelassen libéré libérés liberado liberados liberan liberato
        scarcerato libertado освобожден освободили отпущен 获释 獲釋 释放 釈放 zwolniony uwolniony;
        released releasing; leave leaves leaving quit quits quitting; downgrade downgrades
        downgraded""",
    ),
    (
        """man men mann männer homme hommes hombre hombres uomo uomini homem homens мужчина male erkek adam
        mężczyzna mężczyzny mężczyźni чоловік 男性 男子 남성 رجل पुरुष युवक; boy boys pojke pojkar junge
        garçon schoolboy schoolboys jongen chłopiec мальчик мальчика хлопчик хлопчика niño bambino
        ragazzo menino 소년 少年 男孩 男童 طفل लड़का लड़के; father fathers dad pappa vater père padre
        vader ojciec ojca отец отца отцу батько батька pai 아버지 父亲 父親 老翁 والد पिता; grandfather
        grandfathers grandpa""",
        """woman women frau frauen kvinna kvinnor femme femmes mujer mujeres donna donne mulher mulheres женщина
        female vrouw vrouwen kadın kobieta kobiety женщины женщину жінка 女性 女子 여성 امرأة महिला
        युवती; girl girls flicka flickor mädchen fille schoolgirl schoolgirls meisje dziewczynka
        dziewczynki девочка девочку девочки дівчинка дівчинку niña bambina ragazza menina 소녀 少女 女孩
        女童 طفلة लड़की fillette; mother mothers mum mom mamma mutter mère madre moeder matka matki мать
        матери мати mãe 어머니 母亲 母親 老太 والدة माता मां; grandmother grandmothers grandma""",
    ),
)
"""Words of titles that are alike but for what happened, "Oil settles up" and "Oil settles down": two sides of each of
at most six things; ";" parts what does not mean the same. Those of the sixth are people, after whom a number is an age,
cf. `meanings.PERSON`."""

SAME_WORDS = """
us american americans america usa united_states; street st; government govt; percent pct; eu european_union; ai
artificial_intelligence; ev evs electric_vehicle electric_vehicles electric_car electric_cars; q1 first_quarter; q2
second_quarter; q3 third_quarter; q4 fourth_quarter; centre center centres centers; color colour colors colours;
defense defence; program programme programs programmes; theater theatre theaters theatres; harbor harbour; gray grey;
jewelry jewellery; honor honour honors honours; unveil unveils unveiled unveiling launch launches launched launching
introduce introduces introduced; slam slams slammed criticise criticises criticised criticize criticizes criticized;
deadly fatal; probe probes probed investigation investigations inquiry inquiries investigate investigates investigated
investigating; movie movies film films; kids children; firm firms company companies; ex former; talks negotiations;
vow vows vowed pledge pledges pledged promise promises promised; pileup pile_up; apologize apologizes apologized
apologise apologises apologised; fire blaze; teen teens teenager teenagers
"""
"""Words of one meaning, those of another parted by ";"; "_" joins the words of a phrase."""

NEGATIONS = """
not cannot never isn aren doesn didn wasn weren hasn haven hadn wouldn couldn shouldn mustn can_t won_t don_t no_longer
no_charges no_deal no_evidence no_plan no_plans no_injuries no_bail no_ban no_tsunami nicht kein keine keinen nie
niemals inte ej aldrig ingen inga pas jamais nunca jamás no_se no_es no_hay no_ha no_va no_puede no_tiene no_fue não
niet geen nooit не нет никогда değil नहीं ليس لن لم
"""
"""What makes a title say the contrary of one that has none. "No" alone is Portuguese for "in the"."""

AGENT_WORDS = "by par durch door"
"""What stands between somebody and who does something to them."""

UNITS = (
    "thousand tusen tausend",
    "million millions miljon miljoner millionen mln mn",
    "billion billions miljard miljarder milliarden milliards bln bn mrd",
    "trillion trillions tn",
)
"""What a number before it is multiplied by: a thousand, a million and so on; "2bn" says the same as "2 billion"."""

AGED_WORDS = "aged age at"
"""What stands before an age, which counts no victims: "dead at 91"."""

UPDATING_PREFIXES = """
update; updated; wrapup; wrap-up; actualización; actualizado; aktualisiert; atualização; atualizado; mise à
jour; aggiornamento; aggiornato; uppdaterad; bijgewerkt; обновлено; обновление; محدث; تحديث; 更新; güncelleme;
güncellendi; diperbarui
"""
"""What a title begins with, before "-", ":" or a number and one of these, when it is an updated version of another."""

CORRECTING_PREFIXES = """
corrected; correction; corrections; refile; refiled; clarification; clarified; korrektur;
korrigiert; rectificación; corrección; corregido; correctif; rectificatif; correzione; correção; corrigido;
rättelse; rectificatie; исправлено; تصحيح; 更正; düzeltme; ralat
"""
"""What a title begins with, likewise, when it is a corrected version of another."""

WIRE_PREFIXES = """
advisory; alert; breaking; breaking news; brief; bulletin; developing; exclusive; flash; just in; live; live
blog; live updates; newsalert; newsbreak; newsflash; repeat; rpt; urgent; video; watch; watch live; photos;
eil; eilmeldung; exklusiv; liveticker; liveblog;
en direct; direct; vidéo; exclusif;
última hora; en vivo; en directo; vídeo; exclusivo; exclusiva; urgente; ao vivo;
ultim'ora; ultima ora; diretta; in diretta; esclusivo; esclusiva; senaste nytt; just nu; direkt; laatste nieuws;
exclusief;
срочно; молния; видео; эксклюзив; عاجل; فيديو; بالفيديو; شاهد; مباشر; حصري;
快讯; 快訊; 突发; 突發; 速報; 视频; 直播; 独家; 獨家; 動画;
son dakika; canlı; video haber; breaking news live
"""
"""What a title begins with, likewise, whatever the story."""

TRAILING_PHRASES = """
read more; read on; read more here; read more at; read the full story; read full story; read the full article;
read full article; read the full story here; read the rest; read the whole story; read the original article;
read this article; read it all; continue reading; continue reading here; click here to read more; click here to
continue reading; click to read more; keep reading; full story; view full article; view article; view comments;
leave a comment; see more; learn more; load more; share this article; share this story; share this; share this
post; share on facebook; share on twitter; share on facebook share on twitter; tweet this; email this article;
print this article; sign up for our newsletter; subscribe to our newsletter; subscribe now; all rights reserved;
story continues; story continues below; advertisement; the post appeared first on;
weiterlesen; jetzt weiterlesen; mehr lesen; mehr dazu; lesen sie mehr; lesen sie auch; lesen sie weiter; zum
artikel; zum vollständigen artikel; den ganzen artikel lesen; artikel teilen; diesen artikel teilen; mehr
erfahren; hier weiterlesen;
lire la suite; lire plus; en savoir plus; lire l'article; lire l'article complet; lire aussi; partager cet
article; continuer la lecture; lisez la suite; voir plus;
leer más; seguir leyendo; sigue leyendo; continuar leyendo; leer la noticia completa; leer el artículo completo;
ver más; leer también; lee también; compartir este artículo; comparte esta noticia; compartir; más información;
leggi tutto; continua a leggere; leggi di più; leggi anche; leggi l'articolo completo; leggi l'articolo;
continua la lettura; condividi questo articolo; per saperne di più; condividi;
leia mais; continue lendo; continuar lendo; continuar a ler; ler mais; saiba mais; leia também; ler artigo
completo; leia a matéria completa; compartilhe; compartilhe esta notícia; partilhar este artigo; veja mais;
lees meer; lees verder; verder lezen; meer lezen; lees ook; lees het volledige artikel; deel dit artikel; meer
informatie;
läs mer; läs också; läs hela artikeln; läs vidare; fortsätt läsa; dela artikeln; läs mer här;
читать далее; читать дальше; читать полностью; читать подробнее; подробнее; читайте также; поделиться; узнать
больше;
اقرأ المزيد; إقرأ المزيد; اقرأ أيضا; قراءة المزيد; لقراءة المزيد; شارك هذا المقال; تابع القراءة;
阅读更多; 閱讀更多; 阅读全文; 閱讀全文; 查看更多; 查看全文; 继续阅读; 繼續閱讀; 点击阅读; 分享本文; 分享此文;
続きを読む; もっと見る;
आगे पढ़ें; और पढ़ें; पूरी खबर पढ़ें; यह भी पढ़ें; devamını oku; devamı için tıklayın; haberin devamı; baca
selengkapnya; baca juga; selengkapnya
"""
"""What is left of a page at the end of a text, parted by ";"."""

CHARACTER_COUNTS = "char; chars; characters"
"""What follows the number in "[1419 chars]" at the end of a text."""

SECOND_LEVELS = "ac co com edu gob gouv gov go ne net nic or org"
"""What stands between a name and a country's two letters in a host name, as in example.co.uk."""


def phrases(text: str) -> list[str]:
    """The phrases of one of the lists above that are parted by ";"."""
    return [" ".join(phrase.split()) for phrase in text.split(";")]
