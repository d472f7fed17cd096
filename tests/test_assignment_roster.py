"""The roster as an instructor has it: what could be misread is refused with its remedy."""

import re

import pytest

from assignments.course import CourseError
from assignments.roster import Student, read_roster

ANN, BOB = Student("adoe", "Ann Doe", "adoe@example.org"), Student("broe", "Roe, Bob", "")


@pytest.fixture
def roster(tmp_path):
    def read(content):
        file = tmp_path / "roster.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_roster(file)

    return read


@pytest.mark.parametrize(
    "content",
    [
        'id,name,email\nadoe,Ann Doe,adoe@example.org\nbroe,"Roe, Bob",\n',
        "id;name;email\r\nadoe;Ann Doe;adoe@example.org\r\n\r\nbroe;Roe, Bob;\r\n;;\r\n",
        "\ufeffEmail\tGROUP\t Name \tID\nadoe@example.org\t1\tAnn Doe\tadoe\n\t2\tRoe, Bob\tbroe\n",
        '\n Name , Id ,Group,Group, email\n"Ann Doe" , adoe , 1, 2, adoe@example.org,,\n"Roe, Bob", "broe",1,2,""\n',
        'id,name,email\radoe,Ann Doe,adoe@example.org\rbroe,"Roe, Bob",\r',
        "\ufeffsep=;\r\nid;name, in full;Name;E-Mail\r\nadoe;;Ann Doe;adoe@example.org\r\nbroe;;Roe, Bob;\r\n",
        '"SEP=,",\nE-mail address,id,name\nadoe@example.org,adoe,Ann Doe\n,broe,"Roe, Bob"\n',
        "Email address;id;name\nadoe@example.org;adoe;Ann Doe\n;broe;Roe, Bob\n",
    ],
    ids=["commas", "semicolons", "tabs and a mark first", "spaces", "returns", "Excel's", "quoted", "address"],
)
def test_a_roster_is_read_as_programs_write_it(roster, content):
    assert list(roster(content).values()) == [ANN, BOB]


def test_a_roster_needs_no_addresses_and_may_be_empty(roster):
    assert roster("name;id\nAnn Doe;adoe\n") == {"adoe": Student("adoe", "Ann Doe", "")}
    assert roster("id,name,email\n") == {}


HEAD = "id,name,email\n"


@pytest.mark.parametrize(
    ("content", "told"),
    {
        "a comma in a name": (
            HEAD + "adoe,Ann,a@x\nbroe,Doe, Bob,b@x\n",
            "line 3: 'broe,Doe, Bob,b@x' has 4 fields, and the first line names 3 columns, separated by commas: "
            'put the name in quotes, "Doe, Ann"',
        ),
        "a field too few": (
            HEAD + "adoe,a@x\n",
            "line 2: 'adoe,a@x' has 2 fields, and the first line names 3 columns, separated by commas: "
            "each column needs its field, if an empty one, as in adoe,Ann Doe,",
        ),
        "another separator": (HEAD + "adoe;Ann;a@x\n", "has 1 field, and the first line names 3 columns, separated"),
        "a quote left open": (HEAD + 'adoe,"Ann Doe,a@x\nbroe,Bob,"\n', "line 2: .* quote must be closed in its line"),
        "Latin-1": (
            f"{HEAD}\nmuller,Jörg,\n".encode("latin-1"),
            "line 3: 'muller,J.rg,' is not written in UTF-8: save it in your spreadsheet program as CSV UTF-8",
        ),
        "UTF-16": (HEAD.encode("utf-16"), "line 1: .* is not written in UTF-8: save it"),
        "a workbook": (b"PK\x03\x04" + bytes(99), "csv is a workbook .*: save it in your spreadsheet program as CSV"),
        "capitals": (HEAD + "ADoe,Ann,\n", "line 2: id 'ADoe' must have small letters, .*: write 'adoe'$"),
        "spaces": (HEAD + "a doe,Ann,\n", "write 'adoe'$"),
        "accents and dots": (HEAD + "jörg.müller@x,Jörg,\n", "write 'jorg-muller-x'$"),
        "another script": (HEAD + "ωμέγα,Ann,\n", "digits, - and _ only$"),
        "no id": (HEAD + ",Ann,\n", "line 2: there is no id$"),
        "an id twice": (HEAD + "adoe,Ann,\n\nadoe,Al,\n", "line 4: id 'adoe' is there twice, in line 2 first"),
        "a column twice": ("id,name,Email,email\n", "line 1: the column email is named twice"),
        "an email twice": ("id,name,E-Mail,Email address\n", "line 1: the column email is named twice"),
        "nothing but a separator": ("sep=;\n", "line 2: the first line must name the columns id and name, .* missing$"),
        "letters with strokes": (HEAD + "Łøđæœþðı,Ann,\n", "write 'lodaeoethdi'$"),
        "no names": ("login,mail\n", "must name the columns id and name, .* it names 'login', 'mail'$"),
        "nothing": ("", "line 1: the first line must name the columns id and name, .* it is missing$"),
    }.values(),
)
def test_a_line_that_could_be_misread_is_refused_with_its_remedy(roster, content, told):
    with pytest.raises(CourseError, match=told):
        roster(content)


@pytest.mark.parametrize(
    "address", ["jose at example", "x", "@", "a@", "@b", "a b@c", "a@b>,<c@d", "a@b c", "<a@b>", "a@b, c@d"]
)
def test_what_is_no_address_is_refused_with_its_line(roster, address):
    told = rf"line 2: email '{re.escape(address)}' is no address: write it as in adoe@example\.org, or leave it empty$"
    with pytest.raises(CourseError, match=told):
        roster(f'{HEAD}adoe,Ann,"{address}"\n')


def test_a_roster_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CourseError, match=r"roster\.csv is not there"):
        read_roster(tmp_path / "roster.csv")
