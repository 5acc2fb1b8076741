workers=4

sum_from() {
    seq "$1" $workers 999999 | awk '{ sum += $1 } END { print sum }'
}

total=0
for first in $(seq 0 $((workers - 1))); do
    exec {reader[first]}< <(sum_from "$first")
done
for fd in "${reader[@]}"; do
    read -r sum <&"$fd"
    total=$((total + sum))
done
echo "$workers workers: $total"
