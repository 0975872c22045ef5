import pytest

from s2s.writing.end_marks import END_MARKS, end_mark, without_end_mark


@pytest.mark.parametrize(
    ("text", "mark", "without"),
    [
        ("Close the door.", ".", "Close the door"),
        ("Close the door", "", "Close the door"),
        ("Really?!", "?!", "Really"),
        ("Wait...", "...", "Wait"),
        ("Wait…", "…", "Wait"),
        ("Quoi ?", "?", "Quoi"),
        ("« Quoi ? »", "? »", "« Quoi »"),
        ('"Stop!"', '!"', '"Stop"'),
        ('He said "Stop!".', '!".', 'He said "Stop"'),
        ("„Halt!“", "!“", "„Halt“"),
        ("(See page 3.)", ".)", "(See page 3)"),
        ('"Stop"', "", '"Stop"'),
        ("Close the door. ", ".", "Close the door"),
        ("¿Qué?", "?", "Qué"),
        ("Hola, ¿qué tal?", "?", "Hola, qué tal"),
        ("¿Qué? ¡Dime!", "!", "¿Qué? Dime"),
        ("¿Dónde está.", ".", "Dónde está"),
        ("¡Qué? Dime. ¿Vale.", ".", "Qué? Dime. Vale"),
        ("¿Vale? Sí.", ".", "¿Vale? Sí"),
        ("¿Qué? ¿Vale?", "?", "¿Qué? Vale"),
        ("你好。", "。", "你好"),
        ("「好。」", "。」", "「好」"),
        ("本当？！", "？！", "本当"),
        ("ما هذا؟", "؟", "ما هذا"),
        ("یہ کیا ہے۔", "۔", "یہ کیا ہے"),
        ("यह है।", "।", "यह है"),
        ("यह है|", "|", "यह है"),
        ("a|", "", "a|"),
        ("ይህ ነው።", "።", "ይህ ነው"),
        ("ይህ ነው፡፡", "፡፡", "ይህ ነው"),
        ("ይህ፡", "", "ይህ፡"),
        ("Սա է։", "։", "Սա է"),
        ("Սա է:", ":", "Սա է"),
        ("this:", "", "this:"),
        ("Τι κάνεις;", ";", "Τι κάνεις"),
        ("one;", "", "one;"),
        ("ཡིན། །", "། །", "ཡིན"),
        ("នេះ។", "។", "នេះ"),
        ("ဖြစ်သည်။", "။", "ဖြစ်သည်"),
        ("ဖြစ်၊", "", "ဖြစ်၊"),
        ("3.5", "", "3.5"),
        ("...", "...", "..."),
        ("", "", ""),
    ],
)
def test_end_marks_are_found_and_taken_away(text, mark, without):
    assert end_mark(text) == mark
    assert without_end_mark(text) == without


def test_many_marks_take_no_long_time():
    text = "." * 200_000 + "x"
    assert end_mark(text) == ""
    assert end_mark(text[:-1]) == text[:-1]


def test_no_end_mark_is_a_letter_or_a_comma():
    assert not any(mark.isalnum() or mark in ",;:،၊、" for mark in END_MARKS)
