text=xxxxxxxxxxxxxxxx
while :; do
    text+=$text
done
