create table t (name text);
insert into t values ('one'), ('two');
