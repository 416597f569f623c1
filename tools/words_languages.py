"""What people say for the words of the catalogue: other English words, other languages, and words without meaning.

Read by the search for operations. A key is a word of the catalogue, `a_b` is two words that stand up to three
words apart ("take it down"). Accents are optional: both sides are folded.
"""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    # What is done.
    "show": "see view display look browse find list zeig zeige zeigen anzeigen ansehen sehen lesen liste montre "
    "montrer montrez afficher affiche voir lire muestra muestrame mostrar ver leer ver_todos mostre mostra mostrami "
    "mostrare vedere vedi leggere leggi laat toon bekijk zien lees gimme give_me load pull_up bring_up retrieve "
    "print dump fetch poll inspect tell_me lookup look_up enumerate peek overview report_on check_out",
    "create": "configure make add set_up start build anlegen erstellen erstelle hinzufügen creer cree ajouter ajoute "
    "crear crea añadir agregar criar crie adicionar creare aggiungere aggiungi maak toevoegen provision spin_up open "
    "establish generate produce found launch_new register new_one issue introduce",
    "new": "latest last recent recently lately newest fresh neu neue neuen neues neueste letzte nouveau nouveaux "
    "nouvelle nouvelles dernier derniers nuevo nuevos nueva nuevas ultimo ultimos novo novos nova novas nuovo nuovi "
    "nuova nuove ultimi nieuw nieuwe laatste",
    "delete": "forever completely löschen weg kill get_off clear forget permanently no_longer not_needed any_more "
    "anymore can_go rid remove erase trash scrap bin discard wipe destroy get_rid take_down throw_away löschen "
    "lösche entfernen entferne supprimer supprime effacer enlever borrar borra eliminar elimina quitar apagar apague "
    "excluir remover eliminare cancellare rimuovere verwijder verwijderen wis nuke purge expunge obliterate ditch "
    "dump scrub zap axe eliminate terminate clean_up clean_out clean cleanup drop_from gone shred banish lose "
    "undo_forever "
    "kick kick_out took_down",
    "update": "verschieben deplacer mover spostare verplaatsen set_to move_to reschedule postpone rewrite reword "
    "misspelled typo wrong improve better change edit modify fix correct adjust amend alter replace tweak ändern "
    "ändere bearbeiten bearbeite korrigieren anpassen modifier modifie changer corriger cambiar cambia editar edita "
    "corregir modificar corrigir alterar atualizar mudar modificare modifica cambiare correggere aggiorna wijzig "
    "bewerk aanpassen widen narrow extend swap exchange rephrase shift bump revise overhaul update_it delay earlier "
    "later polish retitle redo modify_it move",
    "unpublish": "take_down pull_off take_offline take_off depublier despublicar",
    "set": "configure enter save store einstellen definir configurar impostare",
    "rename": "relabel call_it umbenennen renommer renombrar renomear rinominare hernoem new_name change_name",
    "reply": "tell say apologise apologize thank answer respond response write_back get_back antworten antworte "
    "beantworten antwort repondre reponds reponse responder responde respuesta contestar resposta responda "
    "rispondere rispondi risposta beantwoord antwoord react say_thanks tell_them retort comeback reacting replying "
    "clarify explain",
    "send": "tell contact write inform schreib schreibe schreiben ecrire ecris escribir escribe escrever escreva "
    "scrivere scrivi schrijf shoot fire text senden sende schicken schicke verschicken envoyer envoie enviar envia "
    "manda mandar envie inviare invia mandare stuur verstuur dispatch ping deliver pass_on forward transmit "
    "drop_line",
    "publish": "post_now go_live push_live put_out send_out release veröffentlichen veröffentliche publier publie "
    "publicar publica publique pubblicare pubblica publiceer live_now right_now immediately sofort maintenant ahora "
    "agora subito nu ship blast launch fire_off put_up push_out unleash go_out",
    "schedule": "reschedule postpone noon tonight evening monday tuesday wednesday thursday friday saturday sunday "
    "weekend montag dienstag mittwoch donnerstag freitag samstag sonntag mardi mercredi jeudi vendredi samedi "
    "dimanche martes miercoles jueves viernes sabado domingo terca quarta quinta sexta martedi mercoledi giovedi "
    "venerdi sabato domenica plan queue plannen planen einplanen geplant geplante programmer programme planifier "
    "programar programa programado programados agendar agende agendado agendados agendada planificar programmare "
    "programma programmati pianificare inplannen gepland upcoming tomorrow later morgen demain mañana amanhã domani "
    "next_week lundi lunes slot time line_up lined_up preplan timed",
    "hide": "out_sight conceal invisible mute ausblenden verbergen verstecken masquer cacher ocultar oculta esconder "
    "ocultare nascondere nascondi verberg verbergen bury unseen suppress cover_up shadow shadowban hush",
    "unhide": "visible_again show_again bring_back make_visible unhidden einblenden reafficher mostrar_nuevo "
    "desocultar reveal unmask make_public",
    "like": "love heart thumbs_up thumbs liken gefällt aimer aime gustar me_gusta curtir curta mi_piace leuk",
    "unlike": "remove_like take_like remove_heart entliken unliken",
    "connect": "plug_in authorise authorize bring_in link hook_up attach log_in login sign_in join plug "
    "verbinden verbinde verknüpfen connecter connecte relier conectar conecta vincular ligar collegare collega "
    "connettere koppel verbind wire wire_up pair integrate couple onboard reconnect reauthorise reauthorize relink",
    "disconnect": "no_longer unlink detach unhook log_out disconnecting trennen deconnecter desconectar desvincular "
    "scollegare disconnettere ontkoppel kick_out throw_out dump remove_account unsubscribe_from sever",
    "upload": "put_file hochladen lade_hoch televerser importer_image subir sube carregar enviar_arquivo caricare "
    "carica uploaden ingest put_into uploading import_image add_photo add_image",
    "download": "herunterladen telecharger descargar baixar scaricare downloaden",
    "export": "spreadsheet excel xlsx exportieren exporter exportar esportare report reports xls csv download_numbers "
    "dataset",
    "import": "load_in bulk importieren importer importar importare importeer",
    "retry": "another_try one_more try_again again resend redo nochmal erneut reessayer reintentar volver_intentar "
    "tentar_novamente riprovare opnieuw rerun replay redeliver reattempt repeat once_more another_go second_try "
    "try_once retried",
    "verify": "confirm bestätigen verifizieren verifier confirmer verificar confirmar verificare confermare bevestig",
    "validate": "double_check check problem valid proof prüfen überprüfen valider validar comprobar validare "
    "controlla controleer fit fits lint proofread sanity vet proof_read legit pass preflight qa",
    "accept": "say_yes agree annehmen akzeptieren accepter aceptar aceitar accettare accepteer",
    "decline": "turn_down say_no refuse ablehnen refuser rechazar recusar rifiutare weiger",
    "archive": "done close archivieren archiver archivar arquivar archiviare archiveer",
    "revoke": "no_longer stop_working invalid cancel withdraw invalidate kill void widerrufen revoquer revocar "
    "revogar revocare intrekken deactivate leaked stolen former ended disable",
    "cancel": "stop abort call_off stornieren annuler cancelar annullare annuleer",
    "pause": "switch_off turn_off suspend stop disable deactivate pausieren",
    "refresh": "stale outdated sync pull_in fetch reload aktualisieren synchronisieren actualiser synchroniser "
    "sincronizar sincronizzare",
    "invite": "invitation einladen einladung inviter invitar invitacion convidar convite invitare invito uitnodigen "
    "invited invitations invites onboarding",
    "mark": "flag tick set markieren markiere marquer marcar segnare markeer",
    # What it is done to.
    "comment": "commenter commented remark kommentar kommentare kommentieren commentaire commentaires commenter "
    "comentario comentarios comentar comentários commento commenti commentare reactie reacties opmerking chatter "
    "remarks discussion commenting commentary replies_under",
    "message": "talk texted wrote written dmed dming messaged dm dms pm pms chat msg msgs nachricht nachrichten "
    "message messages mensaje mensajes mensagem mensagens messaggio messaggi bericht berichten pinged pinging "
    "texting texts written_us wrote_us whisper",
    "conversation": "thread chat dm dms inbox unterhaltung gespräch konversation posteingang conversacion "
    "conversaciones bandeja conversa conversas conversazione conversazioni gesprek postvak boite caixa ticket "
    "tickets dialogue correspondence forth exchange chats threads talks",
    "direct": "private privat direkt direktnachricht direktnachrichten prive privé privado privados directo directos "
    "direta diretas diretti diretto privato direct_message private_message",
    "unread": "ungelesen ungelesene non_lus non_lu lus sin_leer não_lidas lidas non_letti letti ongelezen unseen "
    "unanswered unopened untouched new_messages waiting ",
    "review": "rating ratings testimonial bewertung bewertungen rezension rezensionen avis reseña reseñas opinion "
    "opiniones avaliação avaliações recensione recensioni recensie recensies beoordeling feedback rated rate "
    "reviewer reviewers reviewed recommendation reputation",
    "star": "stars rating sterne stern etoile etoiles estrella estrellas estrela estrelas stella stelle ster sterren",
    "mention": "tag tagged tags mentioned shoutout erwähnung erwähnungen erwähnt markiert mention mentionne identifie "
    "mencion menciones mencionado etiquetado etiquetaron etiquetar menção menções marcado marcaram menzione menzioni "
    "taggato taggati vermelding vermeldingen getagd featured feature ugc credited tagging mentions name_dropped",
    "post": "publication content beitrag beiträge posts publicacion publicaciones publicação publicações postagem "
    "pubblicazione pubblicazioni contenuto bericht_plaatsen caption tweet reel tweets reels publishing article "
    "content_piece carousel announcement teaser "
    "publish publishing posting putting_out going_out goes_out",
    "draft": "drafts entwurf entwürfe brouillon brouillons borrador borradores rascunho rascunhos bozza bozze concept "
    "unfinished",
    "media": "picture photo image pic pics images photos file files asset logo graphic clip bild bilder foto fotos "
    "datei dateien fichier imagen imagenes archivo imagem imagens arquivo immagine immagini afbeelding gif jpg png "
    "assets banner mov mp4 jpeg pdf screenshot graphics material footage artwork",
    "video": "clip film movie videos vidéo vidéos filmato",
    "library": "mediathek bibliothek bibliotheque mediatheque biblioteca mediateca galerie bibliotheek",
    "story": "stories histoire historia historias storia storie",
    "account": "profile channel page konto konten account compte comptes cuenta cuentas conta contas account profil "
    "profile perfil profilo profili rekening handle handles socials presence logins channels network networks",
    "connected": "linked hooked verbunden verbundene connectes connecte conectadas conectados collegati gekoppeld",
    "brand": "client customer workspace business company marke marken marque marques kunde kunden marca marcas "
    "cliente clienti merk merken firm agency customers clients companies mandate",
    "follower": "audience subscriber growing growth grow abonnés iscritti inscritos suscriptores followers fans "
    "audience abonnenten abonnes abonne seguidores seguidor seguaci volgers fan_count fan gained lost",
    "number": "numbers count how_many wie_viele combien cuántos cuántas quantos quantas quanti quante hoeveel ratio "
    "rate amount",
    "metric": "stat stats statistics performance engagement insight insights analytics reach impressions views likes "
    "shares numbers how_did perform statistik statistiken zahlen reichweite statistique statistiques chiffres portee "
    "estadisticas metricas alcance estatísticas metriche statistiche statistieken how_doing ctr saves saved clicks "
    "kpi kpis figures results engaged engagement_rate seen success watched viewed performing",
    "summary": "growing growth big large overview overall total totals how_doing übersicht zusammenfassung resume "
    "resumen resumo riepilogo overzicht audience grow doing development",
    "plan": "subscription tier package pricing price abo tarif abonnement suscripcion plano assinatura abbonamento "
    "starter premium membership tiers subscriptions",
    "payment": "pay paid bill billing charge zahlung bezahlen paiement payer pago pagar pagamento pagare betaling",
    "invoice": "invoices receipt receipts rechnung rechnungen facture factures factura facturas fatura faturas "
    "fattura fatture factuur bill bills statement tax accounting bookkeeping vat",
    "key": "token tokens schlüssel api_key api_token access_key cle clave chave chiave sleutel credentials credential "
    "pat",
    "permission": "allow rights scope scopes right rights access berechtigung permiso permisos permissão permesso",
    "secret": "password credential credentials passwort geheimnis exposed leaked",
    "template": "templates vorlage vorlagen modele modeles plantilla plantillas modelo modelli modello sjabloon hsm",
    "webhook": "zapier server notification notifications hook hooks callback endpoint n8n make endpoints integromat "
    "pipedream callbacks listener receiver",
    "event": "events happened activity ereignis ereignisse evenement evento eventos eventi trigger triggers",
    "log": "history journal verlauf protokoll historique historial",
    "failed": "fallaron falharam echoue echoues falliti fehlgeschlagene mislukt crashed problem problems broke outage "
    "down fail fails failing error errors wrong broken fehlgeschlagen échoué fallido fallidos falhou fallito errored "
    "erroring exception trouble bounced stuck unsuccessful rejected",
    "limit": "limits cap quota maximum max allowed restriction grenze grenzen limite limites límite",
    "privacy": "visibility secret unlisted hidden",
    "location": "shop store branch restaurant shops stores branches place places filiale filialen laden magasin "
    "tienda loja negozio winkel outlet outlets site",
    "link": "url address website uri adresse lien enlace",
    "subscriber": "abonnenten abonnes suscriptores inscritos iscritti abonnees subs subscribe subscribers",
    "board": "boards pinnwand pinnwände tableau tableaux tablero tableros bacheca bacheche bord pinboard pinboards "
    "collection collections",
    "page": "pages seite seiten pagina paginas página páginas pagine fanpage fanpages",
    "phone": "telephone mobile telefon telefono telefone",
    "collaboration": "collab collabs coauthor coauthors collaborator co_author partner kooperation",
    "notice": "announcement announcements news ankündigung annonce anuncio aviso annuncio",
    "feedback": "bug wish suggestion idea complaint bugs wishlist request improvement",
    "storage": "space disk speicher speicherplatz stockage espace almacenamiento espaço armazenamento spazio "
    "gigabytes gb capacity quota space_used",
    "ban": "block blacklist sperren blockieren bannir bloquer bloquear bloccare",
    "calendar": "kalender calendrier calendario calendário agenda",
    "rotate": "roll cycle swap renew regenerate exchange leaked compromised exposed stolen reissue",
    "delivery": "deliveries attempt attempts call calls delivered",
    "announcement": "outage incident downtime status changelog news broken_end maintenance",
    "user": "me myself whoami",
    "default": "standard main primary",
    # Where.
    "instagram": "insta ig gram",
    "facebook": "fb meta messenger",
    "twitter": "x tweet tweets retweet",
    "tiktok": "tik_tok tt tiktoks",
    "youtube": "yt short shorts",
    "whatsapp": "wa whats_app",
    "google": "gmb gbp google_business my_business google_maps maps",
    "linkedin": "linked_in",
    "pinterest": "pintrest",
    "threads": "thread_app",
    "telegram": "tg",
}
"""Word of the catalogue → what stands for it."""

PLATFORMS = "instagram facebook tiktok youtube twitter linkedin google pinterest telegram whatsapp"
"""The platforms that operations are about; who names one wants none of another's."""

EMPTY = (
    "january february march april june july august september october november december guy girl woman man lady under "
    "below beneath sous unter debajo sob sotto onder a an the of to in on at for from by with and or but if is are "
    "was were be been am do does did can could would should will shall might must have has had having i me my mine "
    "we us our ours you your he him his she her they them their it its this that these those there here what whats "
    "which who whom whose how where when why please plz pls just some any all every each anything something anybody "
    "anyone somebody someone want wants need needs get gets got give let lets make makes go goes going went up out "
    "off down back now then so not no don dont d s t re ve ll m about into over as than too very really lot also "
    "only still yet already ever than i'd i'm it's that's kindly hey hi hello thanks ok okay thing things stuff tool "
    "way right der die das den dem des ein eine einen einem einer mir mich uns unser unsere ich wir ihr sie er es "
    "und oder zu zum zur auf für mit von vom im am an bei ist sind war wurde wurden haben hat alle bitte welche "
    "welcher welches wo wer was wie wann warum diese dieser dieses diesen nicht le la les l un une des du de d au "
    "aux et ou que qui quel quelle quels quelles où moi nous notre nos mon ma mes ce cet cette ces sur pour par avec "
    "dans est sont a été s'il vous plaît el los las lo uno una unos unas del al y o qué quién quiénes cuál cuáles "
    "dónde mi mis nos nuestro nuestra este esta estos estas en por para con ha han es son favor os as um uma do da "
    "dos das no na nos nas ao e quem qual quais onde meu minha nosso nossa esse essa com foi são me il lo gli i un "
    "uno una di del della dei delle degli al alla ai alle e che chi quale quali dove mio mia nostro nostra questo "
    "questa con per su sul sulla è sono ci abbiamo de het een en van voor met op te dat die dit deze wie wat waar "
    "mij ons onze is zijn alle"
)
"""Words that say nothing about which operation is meant."""

ASKING = (
    "show list see view read display look find what whats which who where when how did any anybody anyone is are "
    "check does has have had was were do will would may any anything anyone whose why can should am zeig zeige "
    "welche wer wo wie montre quels quelles combien qui voir muestra muestrame quien cuantos ver quais quem quantos "
    "mostra quanti chi laat toon"
)
"""Words by which somebody asks, rather than has something done; as the first word of a request or a clause."""

CHANGING = (
    "create delete update rename reply send publish schedule hide unhide like unlike connect disconnect upload "
    "import retry verify accept decline archive revoke cancel pause refresh invite mark post tweet register assign "
    "ban"
)
"""Words of the catalogue by which a request that opens with one wants something done."""

ASKING_PAIRS = "do_we do_you do_i do_they tell_me find_out see_if see_whether let_know number_of list_of count_of"
"""The same for two words."""

STATING = (
    "the a an our my your his her their its this that these those we i they he she it there somebody someone who "
    "client clients der die das ein eine unser unsere le la les un une el los las o os il lo gli de het een"
)
"""Words that open a statement or name a thing: what follows is no command."""

ADJECTIVES = (
    "all any our my the open new newest latest recent old older bad good negative positive failed pending unread "
    "unanswered scheduled planned upcoming active current today todays yesterday google instagram facebook tiktok "
    "youtube twitter linkedin pinterest whatsapp x insta ig fb hidden approved rejected earlier past few s"
)
"""Words before the things that somebody wants to see."""

LEADING = (
    "can you, could you, would you, will you, can u, please, pls, kindly, i want to, we want to, want to, i need to, "
    "we need to, need to, i have to, we have to, i would like to, we would like to, i d like to, we d like to, id "
    "like to, i wanna, let s, lets, let us, help me, help us, help me to, how do i, how do we, how can i, how can "
    "we, how to, where do i, where can i, where can we, hey, hi, hello, ok, okay, so, now, then, and, but, just, "
    "also, go and, go ahead and, make sure to, time to, i am trying to, is there a way to, is it possible to, you "
    "should, you can, bitte, ich möchte, wir möchten, ich will, kannst du, por favor, quiero, queremos, je veux, je "
    "voudrais, quero, vorrei, voglio, ik wil, kun je"
)
"""Openings, between commas, that say nothing of what is wanted: what follows them does."""

RELATIVE = "is are was were have has had do did does went go were"
"""After "that", "which" or "who", these describe what somebody wants to see."""

WISHING = "need needs want wants wish should must shall wanna"
"""Words of a wish; less than a command."""

ENGLISH = "the our my what which who how you your this that with and have please of did does are it i has from we is"
"""Words by which a request is English, so that none of it is looked up in the glossary."""
