#!/bin/sh
# An engine in shell: reads request.json, prints events, reads the host's answers from stdin.
# $1 is the path of request.json. The first line on stdin holds the grants; each later line is a
# message: llm_result, eval_result or cancel.
set -eu
request=$1
IFS= read -r grants

# The first string behind a key, as JSON wrote it (no escapes are undone here).
field() {
    printf '%s' "$2" | sed -n "s/.*\"$1\":\"\(\([^\"\\\\]\|\\\\.\)*\)\".*/\1/p" | head -n 1
}

# Waits for the answer to one request; a cancel ends the engine in good order.
answer() {
    while IFS= read -r line; do
        case $line in
        *'"message":"cancel"'*)
            echo '{"event":"finished","status":"cancelled","summary":"Cancelled."}'
            exit 0 ;;
        *"\"id\":\"$1\""*)
            printf '%s' "$line"
            return ;;
        esac
    done
}

text=$(cat "$request")
trace=$(printf '%s' "$text" | sed -n 's/.*"traces":\[{"id":"\([^"]*\)","path":"\([^"]*\)".*/\1/p')
trace_file=$(printf '%s' "$text" | sed -n 's/.*"traces":\[{"id":"[^"]*","path":"\([^"]*\)".*/\1/p')
echo '{"event":"started","plan":"one word, one line","cost_estimate":"1 call, 2 task runs"}'
echo '{"event":"stage","name":"read","done":0,"total":1}'

# What failed: the first call that showed an error, its step, and what it showed.
failed=$(sed -n '/"observation":"Error/{p;q;}' "$trace_file")
step=$(printf '%s' "$failed" | sed -n 's/^{"index":\([0-9]*\),.*/\1/p')
quote=$(field observation "$failed")
printf '{"event":"evidence","trace":"%s","step":%s,"finding":"a call failed"}\n' "$trace" "$step"

printf '{"event":"llm_requested","id":"ask","prompt":{"messages":[{"role":"user","content":"Which word? It failed with: %s"}]}}\n' "$quote"
word=$(field text "$(answer ask)")

change=$(printf '{"id":"c1","path":"words/SKILL.md","op":"edit","section_ops":[{"action":"append","heading":"Words","content":"- %s"}],"rationale":"asked a model","evidence":["e1"]}' "$word")
printf '{"event":"eval_requested","id":"try","candidate":"with %s","tasks":["t-blue"],"changes":[%s]}\n' "$word" "$change"
result=$(answer try)
case $result in
*'"score":1.0'*) confidence=0.9 ;;
*) confidence=0.1 ;;
esac

printf '{"event":"proposal","draft":{"kind":"edit","title":"Know %s","rationale":"A call failed for want of it.","changes":[%s],"evidence":[{"id":"e1","trace":"%s","step_first":%s,"step_last":%s,"quote":"%s","relation":"failure"}],"confidence":%s}}\n' \
    "$word" "$change" "$trace" "$step" "$step" "$quote" "$confidence"
# An event this version of the host does not know is kept and shown.
echo '{"event":"haiku","lines":3}'
echo '{"event":"finished","status":"completed","summary":"One word proposed."}'
