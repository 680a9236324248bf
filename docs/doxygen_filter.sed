# Shows a header to Doxygen with its plain comments as documentation, each line as it stands.
# Doxygen starts its filter twice a header: sed, because an interpreter's start costs minutes.

# A specialisation of a template of the standard library is nothing that Doxygen has a place for.
/^template <>$/ {
  N
  s/.*\nstruct std::[^;]*;.*/\n/
}
/^[[:space:]]*\/\// {
  s/&/\&amp;/g
  s/</\&lt;/g
  s/>/\&gt;/g
  s/[\\@#$%]/\\&/g
  s/^\([[:space:]]*\)\/\/ \{0,1\}/\1\/\/\/ /
}
