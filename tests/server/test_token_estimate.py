"""The estimate against real counts, which o200k_base gave for these texts."""
# ruff: noqa: RUF001

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.token_estimate import estimate

# What it is, tokens, text.
COUNTED = [
    (
        "English",
        57,
        "Hi! I ordered two bags of the winter roast last Tuesday and the parcel still has not arrived. Could you please check where it is? The tracking page says it was handed to the carrier, but nothing has moved since. Thanks a lot, your coffee is the best in town.",
    ),
    (
        "German",
        60,
        "Hallo zusammen, ich habe am Dienstag zwei Packungen der Winterröstung bestellt, und das Paket ist immer noch nicht angekommen. Könnt ihr bitte nachsehen, wo es steckt? Die Sendungsverfolgung zeigt seit Tagen nichts Neues. Vielen Dank, euer Kaffee ist der beste der Stadt!",
    ),
    (
        "French",
        59,
        "Bonjour, j'ai commandé deux paquets de la torréfaction d'hiver mardi dernier et le colis n'est toujours pas arrivé. Pourriez-vous vérifier où il se trouve ? Le suivi n'a pas bougé depuis trois jours. Merci beaucoup, votre café est le meilleur de la ville.",
    ),
    (
        "Spanish",
        52,
        "Hola, pedí dos bolsas del tueste de invierno el martes pasado y el paquete todavía no ha llegado. ¿Podrían revisar dónde está? El seguimiento no se ha movido en tres días. Muchas gracias, su café es el mejor de la ciudad.",
    ),
    (
        "Chinese",
        73,
        "你好，我上周二订了两包冬季烘焙咖啡豆，包裹到现在还没有收到。能帮我查一下在哪里吗？物流信息已经三天没有更新了。谢谢，你们家的咖啡是全城最好喝的！周末还营业吗？想带朋友过去坐坐。",
    ),
    (
        "Arabic",
        61,
        "مرحبا، طلبت كيسين من قهوة الشتاء يوم الثلاثاء الماضي ولم يصل الطرد حتى الآن. هل يمكنكم التحقق من مكانه من فضلكم؟ لم تتغير حالة الشحنة منذ ثلاثة أيام. شكرا جزيلا، قهوتكم هي الأفضل في المدينة.",
    ),
    (
        "Russian",
        61,
        "Здравствуйте, я заказала две пачки зимней обжарки в прошлый вторник, а посылка до сих пор не пришла. Проверьте, пожалуйста, где она. Отслеживание не обновлялось три дня. Большое спасибо, ваш кофе лучший в городе!",
    ),
    (
        "Japanese",
        69,
        "こんにちは。先週の火曜日に冬の焙煎豆を二袋注文しましたが、まだ届いていません。どこにあるか確認していただけますか？三日間、配送状況が変わっていません。ありがとうございます。町で一番おいしいコーヒーです。",
    ),
    (
        "Hindi",
        59,
        "नमस्ते, मैंने पिछले मंगलवार को सर्दियों वाली कॉफी के दो पैकेट मंगवाए थे, लेकिन पार्सल अब तक नहीं आया है। क्या आप देख सकते हैं कि वह कहाँ है? धन्यवाद, आपकी कॉफी शहर में सबसे अच्छी है।",
    ),
    (
        "emoji",
        44,
        "Obsessed 😍😍 with this latte ☕️🔥 see you Saturday 🙏🏻🎉❤️👍🏽 (bringing the family 👨\u200d👩\u200d👧\u200d👦!!) 💯💯",
    ),
    (
        "hashtags",
        42,
        "#wintervibes #latteart #coffeetime #auroracoffee @mara.lind @food_walks https://instagram.example/p/ig_m_9001?utm_source=story",
    ),
    (
        "UUIDs",
        146,
        '["21636369-8b52-9b4a-97b7-50923ceb3ffd", "795b929e-9a9a-80fd-ea7b-5bf55eb561a4", "9b08923d-10c6-7fd9-94b2-b8fda02f34a6", "781f9c58-d664-5fa9-e8a8-529f035efa25", "31162427-3bfd-1d33-8d00-38ec42650644", "8a7d43b5-7863-3074-b797-0386fee29476"]',
    ),
    (
        "hex",
        128,
        '["65aa9c8279f248b08cb4a0d7d6225675", "3b5f3d86268ecc45dc6bf1e1a399f82a", "ed038db4de38378426d0b944a2863a7f", "03e0a813bdc2ae9963d2e49085ef3430", "28ce6f2410645d51c6f8da3eabe19f58", "0af438d297524d6af51e8722c21b6092"]',
    ),
    (
        "interaction ids",
        157,
        '["sapi_cmt_UBS6Z314IYGCI7NR3U29ZX2PWBSKVG", "sapi_cmt_NSTHE66FXE2JBT32HCCZWS9QCUAEGC", "sapi_cmt_M2TRJCWVYIZZ5ZG9S3QU3RUWA2VBZI", "sapi_cmt_DW5XXS7BDBYR5UVLYLVYRUZGBIU9PS", "sapi_cmt_QVL3GGVWP4KFWN4SPHCMVLSWFXI2TS", "sapi_cmt_5X2T22C2JMA693PC5TWPETHQCC9M3D"]',
    ),
    (
        "JSON",
        434,
        '[{"account_id":"acc_aurora_whatsapp","created_at":"2026-03-09T05:00:00.000Z","id":"conv_wa_1","last_message":"Posso trocar o horário da degustação?","last_message_at":"2026-03-10T11:00:00.000Z","page_id":"","participant_id":"u_inesrocha","participant_name":"Ines Rocha","participant_picture":"","platform":"whatsapp","platform_id":"t_conv_wa_1","status":"active","unread_count":1,"updated_at":"2026-03-10T11:00:00.000Z","user_id":"usr_sample"},{"account_id":"acc_aurora_instagram","created_at":"2026-03-09T04:00:00.000Z","id":"conv_ig_1","last_message":"Hi! Do you do gift boxes for thirty people?","last_message_at":"2026-03-10T10:00:00.000Z","page_id":"","participant_id":"u_nadiakarim","participant_name":"Nadia Karim","participant_picture":"","platform":"instagram","platform_id":"t_conv_ig_1","status":"active","unread_count":1,"updated_at":"2026-03-10T10:00:00.000Z","user_id":"usr_sample"},{"account_id":"acc_aurora_facebook","created_at":"2026-03-09T03:00:00.000Z","id":"conv_fb_1","last_message":"Hello? I would like my money back.","last_message_at":"2026-03-10T09:00:00.000Z","page_id":"sapi_page_aurora_main","participant_id":"u_gretaholm","participant_name":"Greta Holm","participant_picture":"","platform":"facebook","platform_id":"t_conv_fb_1","status":"active","unread_count":2,"updated_at":"2026-03-10T09:00:00.000Z","user_id":"usr_sample"}]',
    ),
]


@pytest.mark.parametrize(("kind", "tokens", "text"), COUNTED)
def test_the_estimate_is_never_below_the_count_and_little_above(kind: str, tokens: int, text: str) -> None:
    assert tokens <= estimate(text) <= 1.55 * tokens


def test_ids_and_json_are_estimated_within_a_tenth() -> None:
    for kind, tokens, text in COUNTED:
        if kind in {"UUIDs", "hex", "interaction ids", "JSON"}:
            assert estimate(text) <= 1.1 * tokens, kind


def test_over_all_languages_it_lies_at_most_three_tenths_above() -> None:
    assert sum(estimate(text) for _, _, text in COUNTED) <= 1.3 * sum(tokens for _, tokens, _ in COUNTED)


def test_nothing_costs_nothing() -> None:
    assert estimate("") == 0


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_has_an_estimate_that_grows_with_it(first: str, second: str) -> None:
    assert 0 <= estimate(first) <= 5 * len(first) + 1
    # A piece that both halves share may be one token less than two.
    assert estimate(first + second) >= estimate(first) - 4
