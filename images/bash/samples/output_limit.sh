while :; do
    echo "again and again"
done
