package Greet;
sub greet { print "hello\n" }
1;
