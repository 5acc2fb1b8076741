declare -A counts
letters=0
while read -ra words; do
    for word in "${words[@]}"; do
        [[ -v counts[$word] ]] || letters=$((letters + ${#word}))
        counts[$word]=$((${counts[$word]:-0} + 1))
    done
done
for word in "${!counts[@]}"; do
    echo "$word ${counts[$word]}"
done | sort -k2,2nr -k1,1
mean=$(bc <<<"scale = 4; $letters / ${#counts[@]}")
printf '%d words, mean length %.2f\n' "${#counts[@]}" "$mean"
