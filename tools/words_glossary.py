"""What managers say in languages that are not split at spaces or that inflect their words: stems for plain English.

Read by the search for operations, for words that it does not know otherwise (those are in In
letters other than Latin a stem counts wherever it stands; in Latin letters it opens a word, and up to three letters
are a whole word. What is done goes in front, because Japanese, Korean and Turkish say it last and English first.
"""

# Letters of other scripts are meant here, however like Latin ones they look.
# ruff: noqa: RUF001

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache

_DONE: Mapping[str, str] = {
    "show": "見せ 表示 教えて 一覧 確認 見たい 読み 查看 看看 显示 顯示 列出 有哪些 보여 보기 목록 확인 알려 покаж "
    "показ посмотр список прочит увид переглян göster listele goruntule oku pokaz wyswietl zobacz lista przeczyt "
    "visualiz mostr exib mostr visualizz elenc toon bekijk visa vis vise zobraz ukaz اعرض عرض أظهر",
    "reply": "返信 返事 回答する 答え 回复 回覆 答复 답글 답장 답변 대답 ответ відпов cevap yanit odpowie odpisz "
    "odpowied respond rispond beantwoord antwoord reager svar odpoved رد الرد",
    "create": "作成 追加 作って 新規 创建 新建 建立 添加 新增 만들 생성 추가 созда добав створ дода olustur ekle "
    "yarat utworz stworz dodaj cri crea aggiung maak skapa lag opret vytvor إنشاء أضف",
    "schedule": "予約 スケジュール 計画 予定 安排 定时 排程 计划 預約 예약 예정 일정 заплан запланир отлож розклад "
    "планир planla zamanla zaplan planow agend program pianific planeer inplan gepland planlegg planer schemalag "
    "naplan جدول جدولة",
    "publish": "公開 投稿して 掲載 发布 發佈 发表 게시해 발행 올려 опублик выложи опубліку yayinla paylas opublik "
    "publik public pubblic publiceer plaats publicer zverejn انشر نشر",
    "delete": "削除 消して 消す 取り消 删除 刪除 删掉 移除 삭제 지워 제거 удал убер сотри видал прибер sil kaldir "
    "silin usun skasuj usuw apag exclu remov delet elimin cancell rimuov verwijder radera slett slet smaz odstran "
    "احذف حذف",
    "hide": "非表示 隠 隐藏 隱藏 屏蔽 숨겨 숨기 скры спряч прихов gizle sakla ukry schowaj ocult escond nascon "
    "verberg dolj skjul skryt skryj إخفاء أخف",
    "unhide": "再表示 取消隐藏 숨김해제 раскро odkryj desocult",
    "like": "いいね 点赞 按讚 좋아요 лайк нравит вподоб begen polub curti gilla lik إعجاب",
    "upload": "アップロード 上传 上傳 업로드 загруз залей завантаж yukle wgraj przeslij zaladuj carreg caric upload "
    "ladda nahraj ارفع رفع تحميل",
    "connect": "接続 連携 つなげ 繋 连接 連接 绑定 關聯 关联 연결 연동 подключ привяж соедин підключ під'єд bagla "
    "polacz podlacz conect vincul colleg connett koppel verbind anslut koble forbind pripoj اربط ربط توصيل",
    "disconnect": "切断 連携解除 接続解除 断开 解绑 斷開 연결해제 отключ отвяж відключ odlacz rozlacz desconect "
    "disconnett scolleg ontkoppel odpoj افصل",
    "edit": "編集 変更 修正 直して 更新 编辑 編輯 修改 更改 변경 수정 편집 измен исправ редакт обнов змін виправ "
    "duzenle degistir guncelle zmien popraw edytuj zaktualiz edit alter atualiz corrig modific corregg aggiorn "
    "wijzig bewerk aanpas andra endre rediger uprav zmen تعديل عدل تغيير",
    "send": "送信 送って 送る 发送 發送 发给 보내 전송 отправ пошли напиш надішл yolla yaz wyslij napisz wysl envi "
    "mand invi scriv stuur verstuur schrijf skicka send posl أرسل إرسال",
    "archive": "アーカイブ 归档 歸檔 보관 архив архів arsivle archiwiz arquiv archivi archiveer arkiver archivu أرشف",
    "retry": "再試行 もう一度 やり直 重试 再试 다시시도 재시도 повтор ещёраз ponow riprov opnieuw أعد",
    "cancel": "キャンセル 取消 취소 отмен скасу iptal anuluj cancel annull annuleer avbryt zrus إلغاء",
    "export": "エクスポート 书き出 导出 匯出 내보내 экспорт експорт eksport export esport تصدير",
    "mark": "既読 标为 标记 標記 읽음 отмет познач isaretle oznacz marc segn markeer",
    "unlike": "いいね取り消 取消点赞 좋아요취소 дизлайк",
}
"""Word for what is done → stems for it, between spaces."""

_THINGS: Mapping[str, str] = {
    "unread": "未読 未读 未讀 안읽은 읽지않은 읽지 непрочит новыесообщ okunmam nieprzeczyt lid lett ongelezen olast "
    "ulest neprecten المقروءة",
    "unanswered": "未返信 未回答 未対応 未回复 未回覆 답하지 неотвеч cevaplanmam yanitlanmam",
    "message": "メッセージ 私信 消息 訊息 聊天 메시지 쪽지 채팅 сообщен переписк чат личк повідомл mesaj sohbet "
    "wiadomos czat mensag conversa messagg chat gesprek meddeland melding besked zprav رسائل رسالة",
    "private message": "ダイレクト 私聊 다이렉트 директ лс",
    "comment": "コメント 评论 評論 留言 댓글 코멘트 коммент комент yorum komentarz komentarz coment comment opmerking "
    "reacti kommentar komentar تعليق تعليقات",
    "post": "投稿 記事 ポスト 帖子 贴文 貼文 发帖 发文 動態 动态 内容 게시물 게시글 포스트 포스팅 пост публикац запис "
    "допис публікац gonderi paylasim wpis publikacj post public pubblicaz inlagg innlegg opslag prispev منشور "
    "منشورات",
    "draft": "下書き 草稿 초안 임시저장 чернови чернетк taslak szkic robocz rascunh bozz concept utkast kladde "
    "koncept مسودة",
    "review": "口コミ クチコミ レビュー 評価 评价 評價 点评 리뷰 후기 평점 отзыв отзив оцен відгук degerlendirme puan "
    "opini recenzj ocen avalia recension beoordeling recensi anmeldelse omdome recenz تقييم تقييمات مراجعات",
    "star": "星 별점 звезд зірк yildiz gwiazd estrel stell sterren stjarn hvezd",
    "mention": "メンション タグ付け 言及 提及 提到 标记我们 언급 태그 упомин упомян отмети згад bahset etiket wzmiank "
    "oznaczy menc menzion vermeld getagd omnamn إشارة",
    "account": "アカウント 账号 帐号 帳號 账户 계정 аккаунт профил акаунт hesap hesab kont profil conta contas "
    "profilo accoun konto ucet حساب الحساب حسابات",
    "brand": "ブランド クライアント 顧客 品牌 客户 브랜드 고객사 бренд клиент клієнт marka musteri klient client merk "
    "kund مارك",
    "image": "画像 写真 图片 照片 圖片 이미지 사진 картинк фото изображ зображ resim fotograf gorsel zdjec obraz "
    "grafik imag foto immagin afbeelding bild bilde billede obrazek صورة الصورة صور",
    "video": "動画 ビデオ 视频 影片 동영상 비디오 영상 видео відео video wideo فيديو",
    "library": "ライブラリ 媒体库 素材库 媒體庫 라이브러리 보관함 библиотек медиатек kutuphane bibliotek bibliotec "
    "مكتبة",
    "story": "ストーリー 快拍 限时动态 限時動態 스토리 сторис истори сторіз hikaye hikaye relacj stori",
    "follower": "フォロワー 粉丝 粉絲 关注者 팔로워 подписчик фолловер підписник takipci obserwuj seguid volger "
    "follow foljare folger sledujici متابع متابعين",
    "statistics": "分析 インサイト 統計 パフォーマンス 数据 數據 统计 表现 통계 인사이트 분석 성과 статистик "
    "аналитик охват показател istatistik analiz erisim statystyk zasieg estatistic metric desempenh statistich "
    "prestazion statistiek bereik cijfers statistik إحصائيات تحليلات",
    "summary": "概要 概览 摘要 요약 сводк ozet podsumow resum riepilog overzicht",
    "tomorrow": "明日 明天 내일 завтра yarin jutro amanh domani morgen imorgon zitra غدا",
    "calendar": "カレンダー 日历 行事曆 캘린더 календар takvim kalendarz",
    "scheduled": "予約済 定时的 예약된 запланированн planlanan zaplanowan",
    "failed": "失敗 失败 실패 ошибк неудач провал помилк basarisiz hata blad nieudan falh fallit mislukt misslyckad "
    "فشل",
    "plan price": "料金 プラン 价格 套餐 요금 цен тариф ціна fiyat cennik cena prec prezz prijs pris",
    "invoice billing": "請求書 请求書 发票 發票 청구서 송장 счёт рахун fatura faktur fattur factuur فاتورة",
    "api key": "apiキー キー 密钥 金鑰 키를 ключ anahtar klucz chave chiav sleutel مفتاح",
    "webhook": "ウェブフック 웹훅 вебхук",
    "template": "テンプレート 模板 范本 範本 템플릿 шаблон sablon szablon modelo modell sjabloon قالب",
    "instagram": "インスタ 인스타 инстаграм інстаграм instagram",
    "facebook": "フェイスブック 脸书 臉書 페이스북 фейсбук facebook",
    "youtube": "ユーチューブ 유튜브 ютуб youtube",
    "tiktok": "ティックトック 抖音 틱톡 тикток tiktok",
    "google": "グーグル 谷歌 구글 гугл google",
    "whatsapp": "ワッツアップ 왓츠앱 ватсап вотсап واتساب whatsapp",
    "telegram": "テレグラム 电报 텔레그램 телеграм telegram",
    "linkedin": "リンクトイン 领英 링크드인 линкедин linkedin",
    "twitter": "ツイッター 推特 트위터 твиттер twitter",
    "pinterest": "ピンタレスト 핀터레스트 пинтерест pinterest",
    "invite": "招待 邀请 邀請 초대 приглаш запрош davet zapros convid invit uitnodig pozv دعوة",
    "page": "ページ 主页 專頁 专页 페이지 страниц сторінк sayfa stron pagin sida صفحة",
    "link": "リンク 链接 連結 링크 ссылк посилан baglanti odnosnik رابط",
}
"""Word of the catalogue for what it is done to → stems for it."""

_NO_ACCENT = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})
_LATIN = re.compile(r"[a-z0-9]+")
_WHOLE = 3


def fold(text: str) -> str:
    """A text in small letters without accents."""
    text = text.casefold()
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in text if not unicodedata.combining(letter)).translate(_NO_ACCENT)


def in_english(words: Sequence[str], is_known: Callable[[str], bool]) -> list[str]:
    """The words of a request, those in the glossary in English. With any of these, what stays unknown is left out."""
    done: list[str] = []
    rest: list[str] = []
    found = False
    for word in words:
        if is_known(word):
            rest.append(word)
            continue
        meant = _opened(word) if word.isascii() else _within(word)
        found = found or any(is_stem for _, is_stem in meant)
        for english, is_stem in meant:
            (done if is_stem and english in _DONE else rest).extend(english.split())
        if not meant:
            rest.append(word)
    # "Scheduled posts, list" lists them.
    done.sort(key=lambda word: word != "show")
    return [*done, *(word for word in rest if is_known(word))] if found else list(words)


def _opened(word: str) -> list[tuple[str, bool]]:
    """The longest stem that a word in Latin letters opens with."""
    for length in range(len(word), _WHOLE - 1, -1):
        meant = _stems().get(word[:length])
        if meant is not None and (length > _WHOLE or length == len(word)):
            return [(meant, True)]
    return []


def _within(text: str) -> list[tuple[str, bool]]:
    """What a run of other letters says, stem by stem; Latin letters within it are words of their own."""
    found: list[tuple[str, bool]] = []
    at = 0
    while at < len(text):
        stem = next((text[at : at + size] for size in range(_longest(), 0, -1) if text[at : at + size] in _stems()), "")
        latin = _LATIN.match(text, at)
        if latin is not None:
            found.append((latin[0], False))
            at = latin.end()
        elif stem:
            found.append((_stems()[stem], True))
            at += len(stem)
        else:
            at += 1
    return found


@cache
def _stems() -> Mapping[str, str]:
    """Stem → English. What is done wins: "schedule" before "scheduled"."""
    return {
        fold(stem): english for table in (_THINGS, _DONE) for english, stems in table.items() for stem in stems.split()
    }


@cache
def _longest() -> int:
    return max(map(len, _stems()))
