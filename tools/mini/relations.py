"""The relations of two mentions, in TACRED's manner."""

RELATIONS = (
    "no_relation per:age per:title per:origin per:date_of_birth per:place_of_birth per:date_of_death per:place_of_death "
    "per:place_of_residence per:employee_of per:schools_attended per:spouse per:parents per:children per:siblings org:founded_by "
    "org:date_founded org:place_of_headquarters org:top_members org:subsidiaries org:parents org:products work:creator place:located_in"
).split()
