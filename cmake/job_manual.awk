# Turns docs/job-file.md into the manual page quern-job(5), without other tools: awk -v version=0.1.0 -f job_manual.awk docs/job-file.md
# It knows the Markdown that the page uses: headings, paragraphs, lists in lists, tables, code blocks, code, bold text and links.

function escaped(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  gsub(/'/, "\\(aq", text)
  gsub(/`/, "\\(ga", text)
  gsub(/\^/, "\\(ha", text)
  gsub(/~/, "\\(ti", text)
  gsub(/…/, ".\\|.\\|.", text)
  return text
}

# A text with its code and links, as roff. Code is bold, as the words that a user types are in quern(1).
function marked(text,    result, mark, middle, target) {
  result = ""
  while (match(text, /`[^`]+`|\*\*[^*]+\*\*|\[[^]]*\]\([^)]*\)/)) {
    result = result escaped(substr(text, 1, RSTART - 1))
    mark = substr(text, RSTART, RLENGTH)
    text = substr(text, RSTART + RLENGTH)
    if (mark ~ /^`/) {
      mark = escaped(substr(mark, 2, length(mark) - 2))
      # A blank at the start, as in ` #`, would break the line.
      sub(/^ /, "\\ ", mark)
      result = result "\\fB" mark "\\fR"
    } else if (mark ~ /^\*/) {
      gsub(/[*`]/, "", mark)
      result = result "\\fI" escaped(mark) "\\fR"
    } else {
      middle = index(mark, "](")
      target = substr(mark, middle + 2, length(mark) - middle - 2)
      sub(/#.*/, "", target)
      mark = substr(mark, 2, middle - 2)
      result = result marked(mark)
      if (target != "" && target != mark) result = result " (\\fI" escaped(target) "\\fR)"
    }
  }
  return result escaped(text)
}

# A line that begins with a dot or a quote would be a request.
function say(text) { print (text ~ /^[.']/ ? "\\&" : "") text }

# Writes the paragraph or item whose lines have been joined.
function flush() {
  if (joined != "") {
    print request
    say(marked(joined))
  }
  joined = ""
}

# What is indented belongs to the item before it.
function nest(is_nested) {
  if (is_nested != nested) print (is_nested ? ".RS 2" : ".RE")
  nested = is_nested
}

# The first cell is the head of an entry. A row of four cells is a setting: its values, its default and what it does.
function entry(line,    cells, count) {
  count = split(line, cells, / *\| */)
  print ".TP"
  say(marked(cells[2]))
  if (count == 6) {
    say(marked("Values: " cells[3] ". Default: " cells[4] "."))
    print ".br"
    say(marked(cells[5]))
  } else {
    say(marked(count == 5 ? cells[3] "; not by " cells[4] : cells[3]))
  }
}

BEGIN {
  print ".\\\" Made of docs/job-file.md by cmake/job_manual.awk."
  # Names of settings and files are not hyphenated.
  print ".nr HY 0"
  print ".TH QUERN\\-JOB 5 2026-01-01 \"quern " version "\" \"File Formats\""
  print ".SH NAME\nquern\\-job \\- the job file of quern, analysis\\-tools.yml\n.SH DESCRIPTION"
}

/^```/ {
  flush()
  is_code = !is_code
  print (is_code ? ".PP\n.RS 4\n.nf\n.EX" : ".EE\n.fi\n.RE")
  next
}
is_code { say(escaped($0)); next }
/^# / { next }
/^## / { flush(); nest(0); print ".SH " escaped(toupper(substr($0, 4))); next }
/^### / { flush(); nest(0); print ".SS " escaped(substr($0, 5)); next }
/^$/ { flush(); was_row = 0; next }
/^ *\|/ {
  flush()
  nest(/^ /)
  # The heads of the columns, and the line below them, say nothing that the entries do not.
  if (was_row && !/^ *\|-/) entry($0)
  was_row = 1
  next
}
{ was_row = 0 }
/^(-|[0-9]+\.) / {
  flush()
  nest(0)
  request = ".IP " (/^-/ ? "\\[u2022] 2" : $1 " 3")
  sub(/^[^ ]+ /, "")
  joined = $0
  next
}
joined != "" { sub(/^ +/, " "); joined = joined (/^ / ? "" : " ") $0; next }
{
  nest(/^ /)
  request = ".PP"
  sub(/^ +/, "")
  joined = $0
}
END {
  flush()
  nest(0)
  print ".SH SEE ALSO\n.BR quern (1)\n.PP"
  print "The pages that are named here are in the folder\n.I docs/\nof the sources, and in\n.I /usr/share/doc/quern\nif quern is installed from its package."
}
